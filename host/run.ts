import { once } from 'node:events';

interface Running {
  stop(): Promise<void>;
}

/**
 * Starts something, and stops it at SIGTERM or SIGINT, once, with exit code 0. A failure is written to stderr in its
 * own words, without a stack, with exit code 1. As the first process of a container it gets no default handlers:
 * without these a signal would do nothing.
 */
export async function runUntilSignal(process: NodeJS.Process, start: () => Promise<Running>): Promise<void> {
  const signalled = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  try {
    const running = await start();
    await signalled;
    await running.stop();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
