import pLimit from 'p-limit';
import { inBatches } from '../../core/documents/batches.ts';
import { patching } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import type { CatalogueEvent } from '../../core/events/envelope.ts';
import type { SharedRuns } from '../../core/events/shared-runs.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { maxChangesPerCommit } from '../../core/ports/documents.ts';
import type { Due } from './documents.ts';
import { dueDocument } from './documents.ts';
import type { Judgement } from './judge.ts';
import { judge } from './judge.ts';
import type { Marked, Recheck } from './marks.ts';
import { onlyEarlier, readMarked, writeRechecks } from './marks.ts';
import type { PolicyPorts } from './ports.ts';
import type { Found } from './read-facts.ts';
import { readFacts } from './read-facts.ts';
import type { RepositoryView, Session } from './session.ts';
import { openSession } from './session.ts';
import type { Touched, TouchedManifest } from './touched.ts';
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
 * Judges a manifest and writes down when each policy is to look at it again: nothing that is stored is looked at but
 * what changes and what is due. A pull or a pin only puts that off, so they are met when the time has come. `marked`
 * was read before the view of the repository, whose order of tags counts too. If somebody else has marked it meanwhile
 * all is read and judged once more.
 */
export async function mark(session: Session, key: RepositoryKey, marked: Marked): Promise<void> {
  let now = { session, marked };
  await untilUncontended(`the marks of ${key.repository}@${marked.digest}`, async () => {
    if (await judgeAndWrite(now.session, key, now.marked)) return 'written';
    const later = await openSession(session.ports, session.registry, 'without pins');
    now = { session: later, marked: await readMarked(later.ports, key, marked.digest, later.covering(key)) };
    return undefined;
  });
}

async function judgeAndWrite(session: Session, key: RepositoryKey, marked: Marked): Promise<boolean> {
  const { live, digest } = marked;
  // A deleted manifest is not judged, so the facts for judgements are not read.
  const view = live === undefined ? undefined : await session.view(key);
  const judged = view === undefined ? undefined : await judgeNow(session, view, digest, live);
  if (judged !== undefined) await rememberUntagged(session.ports, key, judged);
  return writeRechecks(session.ports, key, marked, rechecksOf(session.covering(key), judged));
}

function rechecksOf(policies: readonly string[], judged: Judged | undefined): Recheck[] {
  return policies.map((policy) => [policy, judged?.judgements.get(policy)?.recheckAt]);
}

/**
 * Judges what is due by a policy, and writes down when it is to look again. If somebody else has marked it since it was
 * found due, that stands: it is judged in its time. `undefined` when the manifest is not live.
 */
export async function markDue(session: Session, view: RepositoryView, due: Stored<Due>): Promise<Judged | undefined> {
  const { id, digest, policy } = due.document;
  const judged = await judgeNow(session, view, digest);
  if (judged !== undefined) await rememberUntagged(session.ports, view.key, judged);
  await writeRechecks(session.ports, view.key, { digest, marks: new Map([[id, due]]) }, rechecksOf([policy], judged));
  return judged;
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
 * Marks the manifests that an event is about. Delivered again, or in another order, it marks what is there now: so events
 * about the same manifests that arrive at once share a run. Hundreds of tags of one image may be deleted together, and
 * each event by itself would judge the image, and contend for its marks. Throws `StoreFailure`: then it must be delivered
 * again.
 */
export function markTouched(
  ports: PolicyPorts & { readonly markRuns: SharedRuns },
  registry: RepositoryKey['registry'],
  event: CatalogueEvent,
): Promise<void> {
  const touched = touchedBy(event);
  if (touched === undefined) return Promise.resolve();
  return ports.markRuns.run(JSON.stringify(touched), () => markNow(ports, registry, touched));
}

async function markNow(ports: PolicyPorts, registry: RepositoryKey['registry'], touched: Touched): Promise<void> {
  const key = { registry, repository: touched.repository };
  const session = await openSession(ports, registry, 'without pins');
  const policies = session.covering(key);
  if (policies.length === 0) return;
  const limit = pLimit(marksAtOnce);
  const readAll = (digests: readonly Digest[]) =>
    Promise.all(digests.map((digest) => limit(() => readMarked(ports, key, digest, policies))));
  const itself = await readAll(touched.manifests.map(({ digest }) => digest));
  const absent = itself.filter(({ live }) => live === undefined);
  const [neighbours] = await Promise.all([
    Promise.all(
      itself.map(({ live }, at) =>
        limit(async () => neighboursOf(ports, key, touched.manifests[at] as TouchedManifest, live?.document)),
      ),
    ),
    Promise.all(absent.map((each) => limit(() => mark(session, key, each)))),
  ]);
  const known = new Set(itself.map(({ digest }) => digest));
  const others = [...new Set(neighbours.flat())].filter((digest) => !known.has(digest));
  const tooMany = others.length > neighboursAtMost;
  const beside = tooMany ? [] : await readAll(others);
  const live = itself.filter((each) => !absent.includes(each));
  await Promise.all([...live, ...beside].map((each) => limit(() => mark(session, key, each))));
  if (tooMany) await leaveToNextRun(session, key, others);
  if (touched.moved) await markFallen(session, key, new Set([...known, ...others]));
}

/**
 * Marks what a push has pushed out of the newest, but for what was marked beside it. Its marks are read after the view,
 * so another push may have changed both meanwhile: a mark is brought forward, which is all that falling behind can do,
 * and never put off or taken away.
 */
async function markFallen(session: Session, key: RepositoryKey, marked: ReadonlySet<Digest>): Promise<void> {
  const view = await session.view(key);
  const limit = pLimit(marksAtOnce);
  const fallen = (view?.fallen ?? []).filter((digest) => !marked.has(digest));
  await Promise.all(
    fallen.map((digest) =>
      limit(() =>
        untilUncontended(`the marks of ${key.repository}@${digest}`, () => moveForward(session, key, digest)),
      ),
    ),
  );
}

async function moveForward(session: Session, key: RepositoryKey, digest: Digest): Promise<'written' | undefined> {
  const { ports } = session;
  const policies = session.covering(key);
  const marked = await readMarked(ports, key, digest, policies);
  const view = await session.view(key);
  if (marked.live === undefined || view === undefined) return 'written';
  const judged = await judgeNow(session, view, digest, marked.live);
  if (judged !== undefined) await rememberUntagged(ports, key, judged);
  const rechecks = onlyEarlier(marked, rechecksOf(policies, judged));
  return (await writeRechecks(ports, key, marked, rechecks)) ? 'written' : undefined;
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
  // At once is before anything that anybody may have judged.
  const changes = covering(key).flatMap((policy) =>
    digests.map((digest) => ({ do: 'upsert' as const, document: dueDocument(key, policy, digest, now) })),
  );
  for (const some of inBatches(changes, maxChangesPerCommit))
    await ports.documents.commitDocuments('repositories', partitionOf(key), some);
}
