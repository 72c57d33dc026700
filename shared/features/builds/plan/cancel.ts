import { patching } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { stopJob } from '../jobs/stop-job.ts';
import type { BuildPorts } from '../ports.ts';
import type { Node } from './documents.ts';
import { buildRef, buildSchema, isEnded, listOf, nodeSchema } from './documents.ts';
import { publishFailed } from './events.ts';
import { nodesWhere } from './nodes.ts';
import { wakeWorkers } from './wake.ts';

/** The state of an image of a cancelled build. */
export const cancelled = { state: 'stopped', because: 'its build was cancelled', isCancelled: true } as const;

/**
 * Cancels a build: no more of its images are made. The processes that work on it stop them. Throws `RegistryError`
 * (`thing-unknown`; `conflict` if it has ended).
 */
export async function cancelBuild(ports: BuildPorts, build: string): Promise<void> {
  const { documents, registry, clock } = ports;
  const ref = buildRef(registry, build);
  await untilUncontended(`the build ${build}`, async () => {
    const found = await readStored(documents, buildSchema, ref);
    if (found === undefined)
      throw new RegistryError({ is: 'thing-unknown', code: 'buildNotFound', what: `build "${build}"` });
    if (found.document.state === 'finished')
      throw new RegistryError({
        is: 'conflict',
        code: 'buildEnded',
        why: `the build has ended at ${found.document.endedAt ?? ''}`,
      });
    if (found.document.cancelledAt !== undefined) return true;
    const outcome = await documents.commitDocuments(
      'builds',
      [listOf(registry)],
      [patching(found, { cancelledAt: clock.now().toISOString() })],
    );
    return outcome.committed || undefined;
  });
  await wakeWorkers(ports, build, 1);
}

export async function isCancelled({ documents, registry }: BuildPorts, build: string): Promise<boolean> {
  return (await readStored(documents, buildSchema, buildRef(registry, build)))?.document.cancelledAt !== undefined;
}

/** Stops the images of a cancelled build that have not ended. Called again it continues. Throws `StoreFailure`. */
export async function stopCancelled(ports: BuildPorts, build: string): Promise<void> {
  for await (const node of nodesWhere(ports, build, [
    { path: 'state', is: 'in', values: ['waiting', 'ready', 'running'] },
  ]))
    await stop(ports, node);
}

/**
 * Stops one image. The process that makes it finds its lease lost, and ends its builder. An image that has its digest
 * is about to have its tag moved, or has had it moved: it ends in its own way.
 */
async function stop(ports: BuildPorts, { id, scope, build }: Node): Promise<void> {
  const { documents, clock } = ports;
  await untilUncontended(`${id} of the build ${build}`, async () => {
    const found = await readStored(documents, nodeSchema, { container: 'builds', partition: [scope], id });
    if (found === undefined || isEnded(found.document) || found.document.digest !== undefined) return true;
    const outcome = await documents.commitDocuments(
      'builds',
      [scope],
      [patching(found, { ...cancelled, endedAt: clock.now().toISOString() })],
    );
    if (!outcome.committed) return undefined;
    await publishFailed(ports, { ...found.document, ...cancelled }, cancelled.because);
    await stopJob(ports, found.document);
    return true;
  });
}
