import { readStored } from '../../../core/documents/stored.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { BuildPorts } from '../ports.ts';
import { buildSoon } from './build-soon.ts';
import { buildRef, buildSchema } from './documents.ts';

/**
 * Puts the images of a build that failed or stopped in line again: as a build of its own, which says which one it
 * retries. Returns that build, unless it waits for another. Throws `RegistryError` (`thing-unknown`; `conflict` if it
 * has not ended, or nothing failed).
 */
export async function retryBuild(ports: BuildPorts, build: string): Promise<string | undefined> {
  const { documents, registry, clock, ids } = ports;
  const found = (await readStored(documents, buildSchema, buildRef(registry, build)))?.document;
  const [root] = found?.roots ?? [];
  if (found === undefined || root === undefined)
    throw new RegistryError({ is: 'thing-unknown', code: 'buildNotFound', what: `build "${build}"` });
  if (found.state !== 'finished')
    throw new RegistryError({
      is: 'conflict',
      code: 'buildNotEnded',
      why: 'the build has not ended: cancel it, or wait for its end',
    });
  if ((found.counts?.failed ?? 0) + (found.counts?.stopped ?? 0) === 0)
    throw new RegistryError({
      is: 'conflict',
      code: 'nothingFailed',
      why: 'no image of the build has failed or was left out, so there is nothing to retry',
    });
  return buildSoon(ports, {
    base: root.base,
    tag: root.tag,
    retries: build,
    event: ids.nextId(),
    updatedAt: clock.now().toISOString(),
  });
}
