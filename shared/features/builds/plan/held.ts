import type { BuildPorts } from '../ports.ts';
import type { Dependent } from './dependent.ts';
import type { Root } from './documents.ts';
import { dependentsIn } from './graph.ts';
import { nodesWhere } from './nodes.ts';
import { readRules } from './rules.ts';

/** The images that an update would make, and the build that holds it; none holds it where that is absent. */
interface Holding {
  readonly by?: string | undefined;
  readonly dependents: ReadonlyMap<string, Dependent>;
}

/**
 * Finds the first of these builds that has yet to make an image which this update would make too. A build makes
 * everything that follows from its roots, so of two builds without a common image neither has an image that waits for
 * one of the other. Throws `StoreFailure`.
 */
export async function heldBy(ports: BuildPorts, active: readonly string[], root: Root): Promise<Holding> {
  const dependents = await dependentsIn(ports, [root], await readRules(ports));
  return { by: await overlapping(ports, active, dependents), dependents };
}

/** Returns the first of these builds in which one of these images has not ended. */
export async function overlapping(
  ports: Pick<BuildPorts, 'documents' | 'registry' | 'log'>,
  builds: readonly string[],
  images: ReadonlyMap<string, unknown>,
): Promise<string | undefined> {
  if (images.size === 0) return undefined;
  for (const build of builds)
    for await (const { id } of nodesWhere(ports, build, [
      { path: 'state', is: 'in', values: ['waiting', 'ready', 'running'] },
    ]))
      if (images.has(id)) return build;
  return undefined;
}
