import { readable } from '../../../core/documents/alone.ts';
import { patching } from '../../../core/documents/changes.ts';
import { dueBy } from '../../../core/documents/due.ts';
import { Lease } from '../../../core/documents/lease.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { StoreFailure } from '../../../core/ports/failures.ts';
import type { BuildPorts } from '../ports.ts';
import { isCancelled, stopCancelled } from './cancel.ts';
import type { Node } from './documents.ts';
import { nodes, nodeSchema, nodesOf } from './documents.ts';
import { publishFailed, publishMade, publishStarted } from './events.ts';
import { beginBuilds, finishIfDone } from './go-on.ts';
import type { NodeLease } from './lease.ts';
import { nodeLease } from './lease.ts';
import type { Ended } from './make-image.ts';
import { makeImage } from './make-image.ts';
import { ofRegistry } from './nodes.ts';
import { reconcileFollowers } from './reconcile.ts';

const imagesExamined = 16;
const mostAttempts = 5;

/**
 * Claims and makes images of a build, one after the other, until none is ready or `until`. Any number of processes may
 * do so at once. Throws `StoreFailure`.
 */
export async function workOn(ports: BuildPorts, build: string, until: Date): Promise<void> {
  const isStopped = await isCancelled(ports, build);
  if (isStopped) await stopCancelled(ports, build);
  while (ports.clock.now() < until) {
    const due = await dueNodes(ports, build);
    const claimed = await claimOne(ports, due);
    if (claimed === undefined && due.length === 0) break;
    if (claimed !== undefined) await makeOne(ports, claimed);
  }
  // A build that was cancelled before it was planned ends by its plan.
  if ((await finishIfDone(ports, build)) || isStopped) await beginBuilds(ports);
}

/**
 * Reads the images that are due. An image that cannot be read can be made by no process: it fails, so that its build
 * ends.
 */
async function dueNodes({ documents, registry, clock, log }: BuildPorts, build: string): Promise<Stored<Node>[]> {
  const partition = [nodesOf(build)];
  const where = [
    ofRegistry(registry),
    { path: 'state', is: 'in' as const, values: ['ready', 'running'] },
    dueBy(clock.now()),
  ];
  const page = await documents.queryDocuments({ container: 'builds', partition, where, limit: imagesExamined });
  const due = readable(log, nodeSchema, page.documents, { container: 'builds', partition });
  for (const before of page.documents.filter((found) => !due.some((each) => each.document.id === found.document.id))) {
    await documents.commitDocuments('builds', partition, [
      patching(before, {
        state: 'failed',
        because: 'its document cannot be read',
        endedAt: clock.now().toISOString(),
      }),
    ]);
  }
  return due;
}

/** Claims the first ready image; `undefined` if every claim was lost to others. */
async function claimOne(ports: BuildPorts, due: readonly Stored<Node>[]): Promise<NodeLease | undefined> {
  for (const found of due) {
    const claimed = {
      state: 'running' as const,
      attempts: found.document.attempts + 1,
      startedAt: ports.clock.now().toISOString(),
    };
    const lease = await Lease.take(ports, nodes, found, nodeLease, claimed);
    if (lease !== undefined) return lease;
  }
  return undefined;
}

async function makeOne(ports: BuildPorts, lease: NodeLease): Promise<void> {
  const node = lease.held.document;
  if (node.attempts === 1) await publishStarted(ports, node);
  const ended = await endOf(ports, node, lease);
  if (ended === undefined || !(await lease.write({ ...ended, endedAt: ports.clock.now().toISOString() }))) return;
  if (ended.state === 'succeeded' && ended.digest !== undefined)
    await publishMade(ports, { ...node, ...ended }, ended.digest);
  if (ended.state === 'failed' || ended.isCancelled === true) await publishFailed(ports, node, ended.because ?? '');
  await reconcileFollowers(ports, node);
}

/**
 * Makes an image, and returns its end state. A refusal of the registry, or any other fault, is a failure of this image,
 * at once: others wait in the same line. If a store does not answer, nothing is written: the lease runs out, and
 * another process tries again.
 */
async function endOf(ports: BuildPorts, node: Node, lease: NodeLease): Promise<Ended | undefined> {
  if (node.attempts > mostAttempts)
    return { state: 'failed', because: `it was begun ${mostAttempts} times, and never ended` };
  if (node.mode === 'notify') return { state: 'notified' };
  try {
    return await makeImage(ports, node, lease);
  } catch (error) {
    if (lease.signal.aborted) return undefined;
    if (error instanceof StoreFailure) throw error;
    if (!(error instanceof RegistryError)) {
      ports.log.error(
        { err: error, build: node.build, repository: node.repository, tag: node.tag },
        'an image cannot be built, so its step fails',
      );
      return {
        state: 'failed',
        because: `it cannot be built: ${error instanceof Error ? error.message.slice(0, 300) : 'for an unknown reason'}`,
      };
    }
    if (error.fault.is !== 'conflict' && error.fault.is !== 'contended')
      return {
        state: 'failed',
        because: 'why' in error.fault ? error.fault.why : `the registry refuses it: ${error.fault.is}`,
      };
    // Somebody has pushed the image at the same moment: it is made anew from the image that is there then.
    await lease.write({ state: 'ready', remote: null, dueAt: ports.clock.now().toISOString() });
    return undefined;
  }
}
