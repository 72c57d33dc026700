import { readStored } from '../../../core/documents/stored.ts';
import type { BuildPorts } from '../ports.ts';
import type { Root } from './documents.ts';
import { buildRef, buildSchema } from './documents.ts';
import { beginBuilds } from './go-on.ts';
import { putInQueue } from './queue.ts';

/**
 * Puts an update in line and begins the builds that may begin. Returns the build that has it; `undefined` while it
 * waits for another. Throws `StoreFailure`.
 */
export async function buildSoon(ports: BuildPorts, root: Root): Promise<string | undefined> {
  await putInQueue(ports, root);
  const active = await beginBuilds(ports);
  const builds = await Promise.all(
    active.map((build) => readStored(ports.documents, buildSchema, buildRef(ports.registry, build))),
  );
  return builds.find((found) => found?.document.roots.some(({ event }) => event === root.event) === true)?.document
    .build;
}
