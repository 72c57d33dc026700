import type { StoredImage } from '../../ports/images.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import type { LogWriter } from './log.ts';
import { plainHosts } from './rebuild.ts';

interface Rebased {
  readonly image: Pick<StoredImage, 'digest'>;
  readonly log: LogWriter;
  readonly signal: AbortSignal;
}

/** Tests an image that no runner has made: it is pulled by its digest. Gives why its tag must not move, if so. Throws `StoreFailure`. */
export async function testRebased(ports: BuildPorts, task: Task, { image, log, signal }: Rebased): Promise<{ readonly gate?: string }> {
  const { test } = task.settings;
  if (test === undefined) return {};
  if (ports.runner === undefined) return { gate: 'nothing can run its test here: set LONGSHORE_RUNNER' };
  const pulled = await ports.runner.pull(`${task.host}/${task.repository}@${image.digest}`, plainHosts(ports, task), (text) => { log.write(text); }, signal);
  try {
    const outcome = await pulled.test(test.command, test.timeoutSeconds * 1_000);
    return outcome.is === 'failed' ? { gate: outcome.why } : {};
  } finally {
    await pulled.discard();
  }
}
