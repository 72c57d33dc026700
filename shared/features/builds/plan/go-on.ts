import { patching } from '../../../core/documents/changes.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { StoreFailure } from '../../../core/ports/failures.ts';
import type { BuildPorts } from '../ports.ts';
import type { Dependent } from './dependent.ts';
import type { Counts, Node } from './documents.ts';
import { buildRef, buildSchema, listOf, nodesOf } from './documents.ts';
import { makePlan } from './make-plan.ts';
import type { UnderWay } from './queue.ts';
import { beginNext, leaveQueue } from './queue.ts';

/**
 * Begins the builds that may begin; builds without an image to make end at once. Returns those that are under way then.
 * Throws `StoreFailure`.
 */
export async function beginBuilds(ports: BuildPorts): Promise<readonly string[]> {
  for (;;) {
    const underWay = await beginNext(ports);
    if (!(await planAll(ports, underWay))) return underWay.active;
  }
}

/** Plans builds in their order, since each depends on the images of those before it. Says whether one has ended. */
async function planAll(ports: BuildPorts, { active, begun }: UnderWay): Promise<boolean> {
  let hasOneEnded = false;
  for (const [at, build] of active.entries()) {
    const known = begun?.build === build ? begun.dependents : undefined;
    if ((await planOne(ports, build, active.slice(0, at), known)) === 'waits') break;
    hasOneEnded = (await finishIfDone(ports, build)) || hasOneEnded;
  }
  return hasOneEnded;
}

/**
 * Plans one build. A build that no process can plan would keep all others waiting for ever: it ends, with an error in
 * the log.
 */
async function planOne(
  ports: BuildPorts,
  build: string,
  before: readonly string[],
  known: ReadonlyMap<string, Dependent> | undefined,
): Promise<'planned' | 'waits'> {
  try {
    return await makePlan(ports, build, before, known);
  } catch (error) {
    if (error instanceof StoreFailure || error instanceof RegistryError) throw error;
    ports.log.error({ err: error, build }, 'a build cannot be planned, and ends');
    const counts: Counts = { succeeded: 0, same: 0, notified: 0, failed: 0, stopped: 0 };
    await ports.documents.commitDocuments(
      'builds',
      [listOf(ports.registry)],
      [
        {
          do: 'patch',
          id: buildRef(ports.registry, build).id,
          set: { state: 'finished', counts, endedAt: ports.clock.now().toISOString() },
        },
      ],
    );
    await leaveQueue(ports, build);
    return 'planned';
  }
}

/** Ends a build whose images have all ended; `false` while some have not. */
export async function finishIfDone({ documents, registry, clock }: BuildPorts, build: string): Promise<boolean> {
  const ref = buildRef(registry, build);
  const found = await readStored(documents, buildSchema, ref);
  if (found === undefined || found.document.state === 'planning') return false;
  const count = (states: readonly Node['state'][]) =>
    documents.countDocuments({
      container: 'builds',
      partition: [nodesOf(build)],
      where: [{ path: 'state', is: 'in', values: states }],
    });
  if ((await count(['waiting', 'ready', 'running'])) > 0) return false;
  if (found.document.state === 'running') {
    const [succeeded, same, notified, failed, stopped] = await Promise.all([
      count(['succeeded']),
      count(['same']),
      count(['notified']),
      count(['failed']),
      count(['stopped']),
    ]);
    const counts: Counts = { succeeded, same, notified, failed, stopped };
    await documents.commitDocuments(
      'builds',
      [listOf(registry)],
      [patching(found, { state: 'finished', counts, endedAt: clock.now().toISOString() })],
    );
  }
  await leaveQueue({ documents, registry }, build);
  return true;
}
