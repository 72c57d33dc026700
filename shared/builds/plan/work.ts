import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/faults.ts';
import type { StoredImage } from '../../ports/images.ts';
import { parseStored, readStored } from '../../state/stored.ts';
import type { Stored } from '../../state/stored.ts';
import { ownRepository, shownReference } from '../edges/names.ts';
import type { BuildPorts } from '../ports.ts';
import { rebase } from '../rebase/rebase.ts';
import type { RebaseOutcome } from '../rebase/rebase.ts';
import { causeOfBuild } from './cause.ts';
import { nodeRef, nodeSchema, nodesOf } from './documents.ts';
import type { Node } from './documents.ts';
import { tellFailed, tellRebased, tellStarted } from './events.ts';
import { finishIfDone, goOn } from './go-on.ts';
import { settleFollowers } from './settle.ts';

/** How long whoever makes an image may be silent before somebody else takes over. In milliseconds. */
export const leaseMs = 180_000;
const imagesLookedAt = 16;
const mostAttempts = 5;

/** What became of an image. */
export type Ended = Pick<Node, 'state'> & Partial<Pick<Node, 'digest' | 'digestBefore' | 'conflicts' | 'because'>>;

/** Takes up images of a build, one after the other, until none is ready or `until`. Any number of processes may do so at once. Throws `StoreFailure`. */
export async function workOn(ports: BuildPorts, build: string, until: Date): Promise<void> {
  while (ports.clock.now() < until) {
    const due = await dueNodes(ports, build);
    const claimed = await claimOne(ports, due);
    if (claimed === undefined && due.length === 0) break;
    if (claimed !== undefined) await makeOne(ports, claimed);
  }
  if (await finishIfDone(ports, build)) await goOn(ports);
}

async function dueNodes({ documents, clock }: BuildPorts, build: string): Promise<Stored<Node>[]> {
  const partition = [nodesOf(build)];
  const where = [{ path: 'state', is: 'in' as const, values: ['ready', 'running'] }, { path: 'tryAt', is: '<=' as const, value: clock.now().toISOString() }];
  const page = await documents.queryDocuments({ container: 'builds', partition, where, limit: imagesLookedAt });
  return page.documents.map((found) => parseStored(nodeSchema, found, { container: 'builds', partition }));
}

/** Of those that are ready the first that nobody else takes. */
async function claimOne({ documents, clock }: BuildPorts, due: readonly Stored<Node>[]): Promise<Stored<Node> | undefined> {
  for (const { document, etag } of due) {
    const taken = { state: 'running' as const, tryAt: new Date(clock.now().getTime() + leaseMs).toISOString(), attempts: document.attempts + 1 };
    const outcome = await documents.commitDocuments('builds', [document.task], [{ do: 'patch', id: document.id, set: taken, ifMatch: etag }]);
    if (outcome.committed) return { document: { ...document, ...taken }, etag: outcome.etags[0] ?? '' };
  }
  return undefined;
}

async function makeOne(ports: BuildPorts, claimed: Stored<Node>): Promise<void> {
  const { document: node } = claimed;
  if (node.attempts === 1) await tellStarted(ports, node);
  const made = await ended(ports, claimed);
  if (made === undefined) return;
  const set = { ...made.ended, endedAt: ports.clock.now().toISOString() };
  if (!(await ports.documents.commitDocuments('builds', [node.task], [{ do: 'patch', id: node.id, set, ifMatch: made.etag }])).committed) return;
  const { state, digest, digestBefore, because } = made.ended;
  if (state === 'succeeded' && digest !== undefined && digestBefore !== undefined) await tellRebased(ports, node, digest, digestBefore);
  if (state === 'failed') await tellFailed(ports, node, because ?? '');
  await settleFollowers(ports, node);
}

/** `undefined` when somebody else has taken it over: his word counts. */
type Made = { readonly ended: Ended; readonly etag: string } | undefined;

/** What the registry refuses is this image's failure; a store that does not answer is nobody's: the lease runs out, and somebody tries again. */
async function ended(ports: BuildPorts, claimed: Stored<Node>): Promise<Made> {
  const { document: node, etag } = claimed;
  if (node.attempts > mostAttempts) return { ended: { state: 'failed', because: `it was begun ${mostAttempts} times, and never ended` }, etag };
  if (node.mode === 'notify') return { ended: { state: 'notified' }, etag };
  try {
    return await rebased(ports, claimed);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const now = (await readStored(ports.documents, nodeSchema, nodeRef(node.build, node)))?.etag ?? '';
    if (error.fault.is === 'conflict' || error.fault.is === 'contended') return putBack(ports, node, now);
    return { ended: { state: 'failed', because: 'why' in error.fault ? error.fault.why : `the registry refuses it: ${error.fault.is}` }, etag: now };
  }
}

/** Somebody has pushed the image at the same moment: it is looked at anew, as it is then. */
async function putBack({ documents, clock }: BuildPorts, node: Node, etag: string): Promise<undefined> {
  await documents.commitDocuments('builds', [node.task], [{ do: 'patch', id: node.id, set: { state: 'ready', tryAt: clock.now().toISOString() }, ifMatch: etag }]);
  return undefined;
}

async function rebased(ports: BuildPorts, { document: node, etag }: Stored<Node>): Promise<Made> {
  const { registry, repository, tag, digestBefore, digest } = node;
  const key = { registry, repository };
  const app = await ports.images.readImage(key, tag);
  if (app === undefined) return { ended: { state: 'failed', because: 'its tag is gone' }, etag };
  // Moved by who died before he could say so.
  if (digest !== undefined && digestBefore !== undefined && app.digest === digest) return { ended: { state: 'succeeded', digest, digestBefore }, etag };
  const outcome = await onFirstThatFits(ports, node, app);
  if (outcome.is === 'refused') return { ended: { state: 'failed', digestBefore: app.digest, because: outcome.why }, etag };
  if (outcome.is === 'same') return { ended: { state: 'same', digest: app.digest }, etag };
  const { image, conflicts } = outcome;
  const ends = { digestBefore: app.digest, digest: image.digest, ...(conflicts.length === 0 ? {} : { conflicts: [...conflicts] }) };
  // Written before the tag moves: whoever finds it moved knows by whom.
  const noted = await ports.documents.commitDocuments('builds', [node.task], [{ do: 'patch', id: node.id, set: ends, ifMatch: etag }]);
  if (!noted.committed) return undefined;
  await ports.images.pushImage(key, { reference: tag, bytes: image.bytes, mediaType: image.mediaType, cause: causeOfBuild(node.build, hostOf(ports)), onlyIfAt: app.digest });
  return { ended: { state: 'succeeded', ...ends }, etag: noted.etags[0] ?? '' };
}

const hostOf = ({ ownHosts }: BuildPorts) => ownHosts[0] ?? 'longshore';

/** Of several bases that were updated an image begins with the layers of one: the others went into stages that are gone. */
async function onFirstThatFits(ports: BuildPorts, node: Node, app: StoredImage): Promise<RebaseOutcome> {
  const outcomes: RebaseOutcome[] = [];
  for (const { base, tag, said, old } of node.bases) {
    const repository = ownRepository(ports.registry, base);
    if (repository === undefined) continue;
    const baseKey = { registry: node.registry, repository };
    const next = await ports.images.readImage(baseKey, tag);
    if (next === undefined) {
      outcomes.push({ is: 'refused', why: `its base ${shownReference({ base, tag })} is gone` });
      continue;
    }
    const outcome = await rebase(ports, { key: node, app, baseKey, old: [...old, ...(await replacedIn(ports, node, baseKey, tag))], next, said, cause: causeOfBuild(node.build, hostOf(ports)) });
    if (outcome.is === 'rebased') return outcome;
    outcomes.push(outcome);
  }
  return outcomes.find(({ is }) => is === 'same') ?? outcomes[0] ?? { is: 'refused', why: 'none of its bases is an image of this registry' };
}

/** What the base was before this very build has made it anew. */
async function replacedIn({ documents }: BuildPorts, { build }: Node, { repository }: { readonly repository: Node['repository'] }, tag: Node['tag']): Promise<Digest[]> {
  const found = await readStored(documents, nodeSchema, nodeRef(build, { repository, tag }));
  return found?.document.digestBefore === undefined ? [] : [found.document.digestBefore];
}

