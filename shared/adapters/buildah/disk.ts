import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ids } from './sandbox.ts';
import { enteringAll } from './sandbox.ts';

/** What must stay free of the file system that builds lie in, whatever they are allowed, in bytes. */
const leastFree = 1024 ** 3;

const everyMs = 500;

/** A job's folder, and whose it is. */
interface Measured {
  readonly folder: string;
  readonly ids: Ids;
}

/**
 * Looks at a job's folder for as long as it is at work, and calls `over` with what is wrong when it takes more than it
 * may, or leaves less of the file system than the registry needs. Files that were removed while they are open are seen
 * by the second alone. Gives what ends it.
 */
export function watchDisk({ folder, ids }: Measured, mostBytes: number, over: (why: string) => void): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  const watching = async () => {
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal });
      const why = await overIn({ folder, ids }, mostBytes, signal);
      signal.throwIfAborted();
      if (why !== undefined) {
        over(why);
        return;
      }
    }
  };
  watching().catch((error: unknown) => {
    // What cannot be measured is not bounded.
    if (!signal.aborted) over(`its disk could not be measured: ${String(error)}`);
  });
  return () => {
    ended.abort();
  };
}

async function overIn({ folder, ids }: Measured, mostBytes: number, signal: AbortSignal): Promise<string | undefined> {
  const { bavail, bsize, files, ffree } = await statfs(folder);
  if (bavail * bsize < leastFree) return `it left less than ${mib(leastFree)} MiB of the disk free`;
  // Some file systems make them as they need them, and say 0.
  if (ffree < files / 20) return "it left less than a twentieth of the disk's inodes free";
  return (await usedIn({ folder, ids }, signal)) > mostBytes
    ? `it took more than the ${mib(mostBytes)} MiB of disk that a build may (LONGSHORE_BUILD_LIMITS)`
    : undefined;
}

/** A step would close its folders to this process's user, and what lies in them would count for nothing. */
export function measuring({ folder, ids }: Measured): readonly string[] {
  return enteringAll(ids, ['du', '-sx', '--block-size=1', folder]);
}

/** By `du`, and not by this process: a folder may hold a million files. What goes while it looks is no failure. */
async function usedIn(measured: Measured, signal: AbortSignal): Promise<number> {
  const [program = '', ...args] = measuring(measured);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], signal });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const [code] = (await once(child, 'close', { signal })) as [number | null];
  const used = Number(text.split('\t', 1)[0]);
  if (text === '' || !Number.isFinite(used)) throw new Error(`du ended with ${code ?? 'a signal'}`);
  return used;
}

const mib = (bytes: number) => Math.round(bytes / 1024 ** 2);
