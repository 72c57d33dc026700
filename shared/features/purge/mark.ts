import pLimit from 'p-limit';
import { inBatches } from '../../core/documents/batches.ts';
import { patching } from '../../core/documents/changes.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { CatalogueEvent } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { maxChangesPerCommit } from '../../core/ports/documents.ts';
import { dueChange, dueId } from './documents.ts';
import type { Judgement } from './judge.ts';
import { judge } from './judge.ts';
import type { PolicyPorts } from './ports.ts';
import type { Found } from './read-facts.ts';
import { readFacts } from './read-facts.ts';
import type { RepositoryView, Session } from './session.ts';
import { openSession } from './session.ts';
import type { TouchedManifest } from './touched.ts';
import { neighboursOf, touchedBy } from './touched.ts';

export interface Judged extends Found {
  /** By the names of the policies that cover it. */
  readonly judgements: ReadonlyMap<string, Judgement>;
}

/**
 * Judges a manifest as it is now, and writes nothing; `known` is its document where it was just read. `undefined` when it
 * is not live.
 */
export async function judgeNow(
  session: Session,
  view: RepositoryView,
  digest: Digest,
  known?: Stored<ManifestDocument>,
): Promise<Judged | undefined> {
  const found = await readFacts(session, view, digest, known);
  if (found === undefined) return undefined;
  const now = session.ports.clock.now().getTime();
  return {
    ...found,
    judgements: new Map([...view.rules].map(([name, rules]) => [name, judge(found.facts, rules, now)])),
  };
}

/**
 * Judges a manifest and writes down when each policy is to look at it again: nothing that is stored is looked at but
 * what changes and what is due. A pull or a pin only puts that off, so they are met when the time has come.
 */
export async function mark(
  session: Session,
  view: RepositoryView,
  digest: Digest,
  known?: Stored<ManifestDocument>,
): Promise<Judged | undefined> {
  const judged = await judgeNow(session, view, digest, known);
  if (judged !== undefined) await rememberUntagged(session.ports, view.key, judged);
  const looks = [...view.rules.keys()].map((policy) => [policy, judged?.judgements.get(policy)?.lookAt] as const);
  await noteLooks(session.ports, view.key, digest, looks);
  return judged;
}

/** By the name of a policy, when it is to look again. */
type Look = readonly [policy: string, at: number | undefined];

function withoutLook(policies: readonly string[]): Look[] {
  return policies.map((policy) => [policy, undefined]);
}

async function noteLooks(
  { documents }: PolicyPorts,
  key: RepositoryKey,
  digest: Digest,
  looks: readonly Look[],
): Promise<void> {
  await Promise.all(
    looks.map(([policy, at]) =>
      // There may be nothing to delete.
      documents.commitDocuments('repositories', partitionOf(key), [
        at === undefined ? { do: 'delete', id: dueId(policy, digest) } : dueChange(key, policy, digest, at),
      ]),
    ),
  );
}

/**
 * Nobody writes down when a tag moves away from a manifest but who sees it afterwards: too late rather than too early.
 */
async function rememberUntagged(
  { documents, clock }: PolicyPorts,
  key: RepositoryKey,
  { facts, manifest }: Judged,
): Promise<void> {
  const { document } = manifest;
  if (facts.tags.length > 0 || facts.keeper !== undefined || document.untaggedAt !== undefined) return;
  // Whoever wrote in between may have tagged it.
  await documents.commitDocuments('repositories', partitionOf(key), [
    patching(manifest, { untaggedAt: clock.now().toISOString() }),
  ]);
}

/**
 * Marks what an event touches. Delivered again, or in another order, it marks what is there now. Throws `StoreFailure`:
 * then it must be delivered again.
 */
export async function markTouched(
  ports: PolicyPorts,
  registry: RepositoryKey['registry'],
  event: CatalogueEvent,
): Promise<void> {
  const touched = touchedBy(event);
  if (touched === undefined) return;
  const key = { registry, repository: touched.repository };
  const session = await openSession(ports, registry, 'without pins');
  if (session.covering(key).length === 0) return;
  const limit = pLimit(marksAtOnce);
  const [around, view] = await Promise.all([
    Promise.all(touched.manifests.map((one) => limit(() => markOne(session, key, one)))),
    touched.moved ? session.view(key) : undefined,
  ]);
  const itself = new Set(touched.manifests.map(({ digest }) => digest));
  // Also what it has pushed out of the newest.
  const fallen = (view?.fallen ?? []).filter((digest) => !itself.has(digest));
  const others = [...new Set(around.flat())].filter((digest) => !itself.has(digest) && !fallen.includes(digest));
  const tooMany = others.length > neighboursAtMost;
  await Promise.all([...fallen, ...(tooMany ? [] : others)].map((digest) => limit(() => markIn(session, key, digest))));
  if (tooMany) await leaveToNextRun(session, key, others);
}

/**
 * Marks what an event names, and gives what is around it. Where it is gone nothing is judged, so nothing is read that
 * judgements go by: an image that goes takes thousands of referrers along, and each has an event.
 */
async function markOne(session: Session, key: RepositoryKey, one: TouchedManifest): Promise<Digest[]> {
  const { digest } = one;
  const live = await readStored(session.ports.documents, manifestDocumentSchema, manifestRef(key, digest));
  const [around] = await Promise.all([
    neighboursOf(session.ports, key, one, live?.document),
    live === undefined
      ? noteLooks(session.ports, key, digest, withoutLook(session.covering(key)))
      : markIn(session, key, digest, live),
  ]);
  return around;
}

async function markIn(
  session: Session,
  key: RepositoryKey,
  digest: Digest,
  known?: Stored<ManifestDocument>,
): Promise<void> {
  const view = await session.view(key);
  if (view !== undefined) await mark(session, view, digest, known);
}

const marksAtOnce = 8;
/**
 * An event is handled within 30 s: what has more children and referrers than these is left to the next run of each
 * policy.
 */
const neighboursAtMost = 100;

/**
 * A run judges all that is due, and writes down when it is to be looked at again: one transaction for a hundred of them
 * is all that the event pays.
 */
async function leaveToNextRun(
  { ports, covering }: Session,
  key: RepositoryKey,
  digests: readonly Digest[],
): Promise<void> {
  const now = ports.clock.now().getTime();
  const changes = covering(key).flatMap((policy) => digests.map((digest) => dueChange(key, policy, digest, now)));
  for (const some of inBatches(changes, maxChangesPerCommit))
    await ports.documents.commitDocuments('repositories', partitionOf(key), some);
}
