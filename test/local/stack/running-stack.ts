import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../local/start.ts', import.meta.url));

/** As `npm start` has it (docs/performance.md, "Large layers"). */
const nodeFlags = ['--max-semi-space-size=1'];

export interface RunningStack {
  readonly url: string;
  readonly functionsUrl: string;
  /** Returns what it printed while it started. */
  readonly told: () => string;
  readonly startMs: number;
  /** The pid of the process that serves both hosts. */
  readonly pid: number;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL to the stack's own processes; Azurite then ends in order. */
  killOurs(): Promise<void>;
  /** SIGKILL to everything, Azurite included. */
  killAll(): Promise<void>;
}

export async function stateFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'longshore-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 }) };
}

/** Runs the stack's program until it ends by itself. */
export async function runToEnd(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const stderr = collect(child.stderr);
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, stderr: stderr() };
}

/** `npm start` on free ports and a folder of its own; `environment` has more of the app's settings. */
export async function startRunningStack(
  state: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
  moreFlags: readonly string[] = [],
): Promise<RunningStack> {
  const began = performance.now();
  // A group of its own, so that all of it can be killed at once.
  const child = spawn(
    process.execPath,
    [...nodeFlags, ...moreFlags, program, '--port', '0', '--functions-port', '0', '--state', state, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, ...environment } },
  );
  const told = collect(child.stderr);
  const url = await readyUrl(child, told);
  const functionsUrl = /serves the same at (\S+);/.exec(told())?.[1];
  if (functionsUrl === undefined) throw new Error(`no functions URL in: ${told()}`);
  const exited = once(child, 'exit') as Promise<[number | null]>;
  return {
    url,
    functionsUrl,
    told,
    startMs: performance.now() - began,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      return (await exited)[0];
    },
    async killOurs() {
      for (const pid of [child.pid ?? 0, ...childrenOf(child.pid ?? 0)]) process.kill(pid, 'SIGKILL');
      await exited;
    },
    async killAll() {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      await exited;
    },
  };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

async function readyUrl(child: ChildProcess, told: () => string): Promise<string> {
  let out = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const url = /^ready (\S+)$/m.exec(out)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('exit', (code) => reject(new Error(`the stack ended with ${String(code)}: ${told()}`)));
  });
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}
