import { StoreFailure } from '../../../core/ports/failures.ts';
import type { BuildPorts } from '../ports.ts';
import { buildsQueue } from './documents.ts';

/** The number of images that one build makes at the same time. */
export const imagesAtOnce = 8;

/**
 * Sends messages to `workers` processes that a build has work. The due images are in documents: a message that is lost,
 * or doubled, costs nothing but time.
 */
export async function wakeWorkers(
  { queues, log }: Pick<BuildPorts, 'queues' | 'log'>,
  build: string,
  workers: number,
): Promise<void> {
  try {
    await Promise.all(Array.from({ length: workers }, () => queues.sendMessage(buildsQueue, { build })));
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    log.warn({ err: error, build }, 'a build could not be notified that it has work: the timer continues it');
  }
}
