import type { StorePorts } from './ports.ts';

/**
 * Waits for the consequences of a committed change as long as a request may: a manifest may have thousands of
 * neighbours. The rest is finished after the answer, and a timer takes over if this process ends or fails before that.
 */
export async function waitAWhile(
  { patienceMs, log }: Pick<StorePorts, 'patienceMs' | 'log'>,
  what: string,
  work: Promise<void>,
): Promise<void> {
  if (patienceMs === undefined) return work;
  const patience = Promise.withResolvers<'later'>();
  const timer = setTimeout(() => patience.resolve('later'), patienceMs);
  timer.unref();
  try {
    if ((await Promise.race([work.then(() => 'done' as const), patience.promise])) === 'done') return;
  } finally {
    clearTimeout(timer);
  }
  work.catch((error: unknown) =>
    log.warn({ err: error, what }, 'the work that follows from a request failed after its answer; a timer repeats it'),
  );
}
