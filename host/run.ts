import { once } from 'node:events';

interface Running {
  stop(): Promise<void>;
}

/**
 * Starts something, and stops it at SIGTERM or SIGINT, once: exit code 0. What fails is told on stderr in its own
 * words, without a stack, with exit code 1. As the first process of a container it gets no default handlers: without
 * these a signal would do nothing.
 */
export async function runUntilTold(process: NodeJS.Process, start: () => Promise<Running>): Promise<void> {
  const told = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  try {
    const running = await start();
    await told;
    await running.stop();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
