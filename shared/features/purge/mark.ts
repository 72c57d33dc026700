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
  /** The judgements by the names of the policies that cover the manifest. */
  readonly judgements: ReadonlyMap<string, Judgement>;
}

/**
 * Judges a manifest as it is now, and writes nothing; `known` is its document if it was just read. `undefined` if it is
 * not live.
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
 * Judges a manifest and writes down when each policy is to judge it again: only what changes and what is due is judged.
 * A pull or a pin only delays a removal, so both are read when that time has come.
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

/** A policy's name, and the time when it is to judge again. */
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
      // The mark may not exist; then the deletion changes nothing.
      documents.commitDocuments('repositories', partitionOf(key), [
        at === undefined ? { do: 'delete', id: dueId(policy, digest) } : dueChange(key, policy, digest, at),
      ]),
    ),
  );
}

/**
 * Writes down that a manifest has no tag. A tag that moves away writes nothing there, so this is the first time it is
 * seen: too late rather than too early.
 */
async function rememberUntagged(
  { documents, clock }: PolicyPorts,
  key: RepositoryKey,
  { facts, manifest }: Judged,
): Promise<void> {
  const { document } = manifest;
  if (facts.tags.length > 0 || facts.keeper !== undefined || document.untaggedAt !== undefined) return;
  // The write is conditional, because a write in between may have tagged the manifest.
  await documents.commitDocuments('repositories', partitionOf(key), [
    patching(manifest, { untaggedAt: clock.now().toISOString() }),
  ]);
}

/**
 * Marks the manifests that an event is about. Delivered again, or in another order, it marks what is there now. Throws
 * `StoreFailure`: then it must be delivered again.
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
  // The tags that a push displaced from the newest are marked too.
  const fallen = (view?.fallen ?? []).filter((digest) => !itself.has(digest));
  const others = [...new Set(around.flat())].filter((digest) => !itself.has(digest) && !fallen.includes(digest));
  const tooMany = others.length > neighboursAtMost;
  await Promise.all([...fallen, ...(tooMany ? [] : others)].map((digest) => limit(() => markIn(session, key, digest))));
  if (tooMany) await leaveToNextRun(session, key, others);
}

/**
 * Marks a manifest that an event names, and returns its neighbours. If it is gone, nothing is judged and the facts are
 * not read: an image that is deleted takes thousands of referrers along, and each has an event.
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
 * The most neighbours that an event marks, for it is handled within 30 s; more are left to the next run of each policy.
 */
const neighboursAtMost = 100;

/**
 * Makes neighbours due for the next run, which judges all that is due and writes down when each is judged again: one
 * transaction for a hundred of them is all that the event costs.
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
