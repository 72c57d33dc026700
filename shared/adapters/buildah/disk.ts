import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ids } from './sandbox.ts';
import { enteringAll } from './sandbox.ts';

/** The bytes that must stay free in the file system of builds, whatever they are allowed. */
const minFreeBytes = 1024 ** 3;

const everyMs = 500;

/** A job's folder, and the ids of its owner. */
interface Measured {
  readonly folder: string;
  readonly ids: Ids;
}

/**
 * Measures a job's folder for as long as it works, and calls `over` with the reason when it uses more than allowed, or
 * leaves less of the file system free than the registry needs. Only the second sees files that were removed while they
 * are open. Returns the function that ends the measuring.
 */
export function watchDisk({ folder, ids }: Measured, maxBytes: number, over: (why: string) => void): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  const watching = async () => {
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal });
      const why = await brokenLimit({ folder, ids }, maxBytes, signal);
      signal.throwIfAborted();
      if (why !== undefined) {
        over(why);
        return;
      }
    }
  };
  watching().catch((error: unknown) => {
    // A disk that cannot be measured is not bounded.
    if (!signal.aborted) over(`its disk could not be measured: ${String(error)}`);
  });
  return () => {
    ended.abort();
  };
}

async function brokenLimit(
  { folder, ids }: Measured,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { bavail, bsize, files, ffree } = await statfs(folder);
  if (bavail * bsize < minFreeBytes) return `it left less than ${mib(minFreeBytes)} MiB of the disk free`;
  // Some file systems make inodes as they need them, and say 0.
  if (ffree < files / 20) return "it left less than a twentieth of the disk's inodes free";
  return (await usedIn({ folder, ids }, signal)) > maxBytes
    ? `it used more than the ${mib(maxBytes)} MiB of disk that a build may use (LONGSHORE_BUILD_LIMITS)`
    : undefined;
}

/**
 * Makes the command that measures a folder, as a user that may enter all of it: a step would close its folders to this
 * process's user, and their content would count for nothing.
 */
export function measuring({ folder, ids }: Measured): readonly string[] {
  return enteringAll(ids, ['du', '-sx', '--block-size=1', folder]);
}

/**
 * Measures the used bytes by `du`, not by this process: a folder may hold a million files. A file that is removed
 * meanwhile is no failure.
 */
async function usedIn(measured: Measured, signal: AbortSignal): Promise<number> {
  const { text, code } = await outputOf(measuring(measured), signal);
  const used = Number(text.split('\t', 1)[0]);
  if (text === '' || !Number.isFinite(used)) throw new Error(`du ended with ${code ?? 'a signal'}`);
  return used;
}

/** Runs a command. Returns what it wrote and how it ended; throws the signal's reason, or why it could not be started. */
export async function outputOf(
  [program = '', ...args]: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly code: number | null }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], signal });
  // Nothing waits for a child whose signal is aborted already, and its error would end this process.
  child.on('error', () => undefined);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const [code] = (await once(child, 'close', { signal })) as [number | null];
  return { text, code };
}

const mib = (bytes: number) => Math.round(bytes / 1024 ** 2);
