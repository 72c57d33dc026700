import { patching } from '../../../core/documents/changes.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { BuildPorts } from '../ports.ts';
import type { Node } from './documents.ts';
import { isEnded, isWell, nodeSchema } from './documents.ts';
import { publishFailed } from './events.ts';
import { nodesWhere } from './nodes.ts';
import { imagesAtOnce, wakeWorkers } from './wake.ts';

/** Reconciles the images that have waited for an image that has ended. Called again it changes nothing more. */
export async function reconcileFollowers(ports: BuildPorts, ended: Pick<Node, 'id' | 'build'>): Promise<void> {
  const stopped: Node[] = [];
  let ready = 0;
  for await (const node of nodesWhere(ports, ended.build, [
    { path: 'waitsFor', is: 'contains', value: { node: ended.id } },
    { path: 'state', is: '=', value: 'waiting' },
  ])) {
    const outcome = await reconcileWaiting(ports, node);
    if (outcome === 'ready') ready += 1;
    if (outcome === 'stopped') stopped.push(node);
  }
  await wakeWorkers(ports, ended.build, Math.min(imagesAtOnce, ready));
  for (const node of stopped) await reconcileFollowers(ports, node);
}

/** Decides about an image that waits: it goes on if all that come first are well, and stops if one is not. */
export async function reconcileWaiting(
  { documents, ...ports }: BuildPorts,
  node: Node,
): Promise<'ready' | 'stopped' | 'waiting'> {
  const before = await Promise.all(
    node.waitsFor.map(({ node: id }) =>
      readStored(documents, nodeSchema, { container: 'builds', partition: [node.scope], id }),
    ),
  );
  const bad = before.find((each) => each !== undefined && isEnded(each.document) && !isWell(each.document))?.document;
  const state =
    bad !== undefined
      ? 'stopped'
      : before.every((each) => each !== undefined && isWell(each.document))
        ? 'ready'
        : 'waiting';
  if (state === 'waiting') return state;
  const now = ports.clock.now().toISOString();
  const because =
    bad === undefined
      ? undefined
      : `${bad.repository}:${bad.tag}, which it is built on, ` +
        (bad.isCancelled === true
          ? 'was cancelled'
          : bad.state === 'stopped'
            ? 'stopped too'
            : `failed: ${bad.because ?? ''}`);
  const set = because === undefined ? { state, dueAt: now } : { state, because, endedAt: now };
  const found = await readStored(documents, nodeSchema, { container: 'builds', partition: [node.scope], id: node.id });
  if (found?.document.state !== 'waiting') return 'waiting';
  const { committed } = await documents.commitDocuments('builds', [node.scope], [patching(found, set)]);
  if (committed && because !== undefined) await publishFailed(ports, node, because);
  return committed ? state : 'waiting';
}
