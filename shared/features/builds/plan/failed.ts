import { defined } from '../../../core/documents/defined.ts';
import type { BuildPorts } from '../ports.ts';
import type { Dependent } from './dependent.ts';
import { nodeId } from './documents.ts';
import { nodesWhere } from './nodes.ts';

/** Returns the images of a build that failed or stopped, as they were to be made, and in that order. */
export async function failedIn(
  ports: Pick<BuildPorts, 'documents' | 'registry' | 'log'>,
  build: string,
): Promise<Dependent[]> {
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
  // Images that it waited for and that were made need not be made again.
  for (const { waitsFor } of failed) for (const id of waitsFor) if (!ids.has(id)) waitsFor.delete(id);
  return failed;
}
