import { spawn } from 'node:child_process';

export interface Spawned {
  readonly code: number | undefined;
  readonly isTimedOut: boolean;
}

interface Options {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
}

/** Runs a program, and everything that it starts, to its end or its time's. Throws when it cannot be started, or is aborted. */
export async function spawned(program: string, args: readonly string[], { env, cwd, timeoutMs, signal, log }: Options): Promise<Spawned> {
  signal.throwIfAborted();
  // A group of its own: what it starts ends with it.
  const child = spawn(program, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let isTimedOut = false;
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      // It has just ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const timer = setTimeout(() => {
    isTimedOut = true;
    kill();
  }, timeoutMs);
  signal.addEventListener('abort', kill);
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', log);
  try {
    const code = await new Promise<number | undefined>((ended, failed) => {
      child.on('error', failed);
      child.on('close', (status) => {
        ended(status ?? undefined);
      });
    });
    signal.throwIfAborted();
    return { code, isTimedOut };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
  }
}
