import { AsyncLocalStorage } from 'node:async_hooks';
import type { InvocationContext } from '@azure/functions';

type Context = Pick<InvocationContext, 'debug' | 'info' | 'warn' | 'error'>;

interface Running {
  readonly context: Context;
  isOver: boolean;
}

const current = new AsyncLocalStorage<Running>();

/** Runs `work` and gives what it logs to the host as lines of this invocation. */
export async function inInvocation<T>(context: unknown, work: () => Promise<T>): Promise<T> {
  const running: Running = { context: context as Context, isOver: false };
  try {
    return await current.run(running, work);
  } finally {
    running.isOver = true;
  }
}

/**
 * The log's destination under the Functions host. The host takes standard output for lines of its console, all of one
 * level and of no invocation. So each line is given to its invocation, at its own level; a line of no invocation, or
 * after its end, is written to standard output.
 */
export const invocationLog = {
  write(line: string): void {
    const running = current.getStore();
    if (running === undefined || running.isOver) process.stdout.write(line);
    else running.context[methodOf(line)](line.trimEnd());
  },
};

/** pino writes the level first: 10, 20 … 60. */
function methodOf(line: string): keyof Context {
  const level = Number(/^\{"level":(\d+)/.exec(line)?.[1] ?? 30);
  if (level >= 50) return 'error';
  if (level >= 40) return 'warn';
  return level >= 30 ? 'info' : 'debug';
}
