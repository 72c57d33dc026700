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
  /** Ends the program too; the outcome is then as if it had ended by itself. */
  readonly stop?: AbortSignal;
  /** An open file that the program finds as descriptor 3. */
  readonly descriptor?: number | undefined;
  readonly log: (text: string) => void;
}

/**
 * Runs a program, and everything that it starts, until it ends or its time is over. Throws when it cannot be started,
 * or is aborted.
 */
export async function spawned(
  program: string,
  args: readonly string[],
  { env, cwd, timeoutMs, signal, stop, descriptor, log }: Options,
): Promise<Spawned> {
  signal.throwIfAborted();
  // The program has a group of its own: what it starts ends with it. Its input is never written to, and ends with this
  // process, however that ends.
  const child = spawn(program, args, {
    env,
    cwd,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', ...(descriptor === undefined ? [] : [descriptor])],
  });
  let isTimedOut = false;
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      // The program has just ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const timer = setTimeout(() => {
    isTimedOut = true;
    kill();
  }, timeoutMs);
  for (const end of [signal, stop]) end?.addEventListener('abort', kill);
  // The program may end without having closed its input.
  child.stdin?.on('error', () => undefined);
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', log);
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
    for (const end of [signal, stop]) end?.removeEventListener('abort', kill);
  }
}
