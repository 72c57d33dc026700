import { defined } from '../../../core/documents/defined.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { BuildPorts } from '../ports.ts';
import { buildSoon } from './build-soon.ts';
import { buildRef, buildSchema, nodeId } from './documents.ts';
import type { Dependent } from './graph.ts';
import { nodesWhere } from './settle.ts';

/**
 * Puts what failed or stopped in a build in line again: a build of its own, which says which one it retries. Gives that
 * build, unless it waits for another. Throws `RegistryError` (`thing-unknown`; `conflict` when it has not ended, or
 * nothing failed).
 */
export async function retryBuild(ports: BuildPorts, build: string): Promise<string | undefined> {
  const { documents, registry, clock, ids } = ports;
  const found = (await readStored(documents, buildSchema, buildRef(registry, build)))?.document;
  const [root] = found?.roots ?? [];
  if (found === undefined || root === undefined)
    throw new RegistryError({ is: 'thing-unknown', what: `build "${build}"` });
  if (found.state !== 'finished')
    throw new RegistryError({ is: 'conflict', why: 'the build has not ended: cancel it, or wait' });
  if ((found.counts?.failed ?? 0) + (found.counts?.stopped ?? 0) === 0)
    throw new RegistryError({ is: 'conflict', why: 'nothing of the build has failed or stopped' });
  return buildSoon(ports, {
    base: root.base,
    tag: root.tag,
    retries: build,
    event: ids.nextId(),
    updatedAt: clock.now().toISOString(),
  });
}

/** The images of a build that failed or stopped, as they were to be made, and in that order. */
export async function failedIn(ports: Pick<BuildPorts, 'documents' | 'log'>, build: string): Promise<Dependent[]> {
  const failed: Dependent[] = [];
  for await (const { registry, repository, tag, by, mode, madeBy, bases, waitsFor, level } of nodesWhere(ports, build, [
    { path: 'state', is: 'in', values: ['failed', 'stopped'] },
  ])) {
    const rule = { by, mode, isOn: true, ...defined({ task: madeBy }) };
    failed.push({
      registry,
      repository,
      tag,
      rule,
      bases: bases.map(({ said, ...base }) => ({ ...base, ...defined({ said }) })),
      waitsFor: new Set(waitsFor.map(({ node }) => node)),
      level,
    });
  }
  const ids = new Set(failed.map(nodeId));
  // What it waited for and was made need not be made again.
  for (const { waitsFor } of failed) for (const id of waitsFor) if (!ids.has(id)) waitsFor.delete(id);
  return failed;
}
