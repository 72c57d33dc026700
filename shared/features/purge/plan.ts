import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { removing } from '../../core/documents/changes.ts';
import { dueQuery } from '../../core/documents/due.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { eachPage } from '../../core/documents/pages.ts';
import { sumOfBytes } from '../../core/documents/references.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { envelope } from '../../core/events/envelope.ts';
import type { DocumentChange, DocumentQuery, VersionedDocument } from '../../core/ports/documents.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import { repositoriesOver } from './brake.ts';
import type { Due, Item, Plan, PlanPage, PolicyDocument, Removal } from './documents.ts';
import { changePolicy, dueSchema, planPageRef, planRef, planTtl } from './documents.ts';
import { bytesFreed } from './freed.ts';
import { judgeNow, markDue } from './mark.ts';
import { rulesHash, sorted } from './policy.ts';
import { eachOnce, lockedItems, removalOf, withBytes } from './removal.ts';
import type { Session } from './session.ts';
import { openSession } from './session.ts';

/** The most removals of one plan; what else is due is for the next plan. */
const removalsAtMost = 1_000;
const removalsOnPage = 25;
/** The most items on a page: a document holds 2 MB, an item has less than one KB. */
const itemsOnPage = 500;
const itemsOfOne = 1_500;
const keptListed = 500;
const dueAtOnce = 100;
const judgedAtOnce = 8;

/** A removal before its bytes are known. `late` means that it can only be removed after others. */
interface Found {
  readonly removal: Removal;
  readonly documents: readonly ManifestDocument[];
  readonly late: boolean;
  readonly dependsOnOthers: boolean;
}

interface Collected {
  readonly found: readonly Found[];
  readonly kept: readonly Item[];
  readonly more: boolean;
}

/**
 * Makes the current plan of a policy: judges all that is due, and writes down what would be removed, why, and the bytes
 * that this frees. It removes nothing. Scheduled runs use the same code. Throws `StoreFailure`; a plan that a crash
 * interrupted never becomes the current one, and expires by its ttl.
 */
async function makePlan(
  session: Session,
  { name, policy }: PolicyDocument,
  cause: Cause,
  requestedBy: 'schedule' | 'somebody',
): Promise<Plan> {
  const { ports, registry } = session;
  const { found: alone, kept, more } = await collectDue(session, name);
  const found = await judgeTogether(session, name, alone);
  const freed = await bytesFreed(ports, uniqueDocuments(found));
  const removals = eachOnce(found.map(({ removal }) => withBytes(removal, freed)));
  const over = await repositoriesOver(ports, { registry, policy: name, percent: policy.brakePercent, removals, more });
  const items = removals.flatMap((removal) => removal.items);
  const pages = pagesOf(removals, kept);
  const id = ports.ids.nextId();
  const plan: Plan = {
    ...{
      id: planRef(registry, id).id,
      type: 'purge-plan',
      schemaVersion: 1,
      registry,
      plan: id,
      policy: name,
      rules: rulesHash(policy),
      state: 'awaiting',
      madeAt: ports.clock.now().toISOString(),
    },
    hash: hashOf(rulesHash(policy), items, kept),
    ...{
      manifests: count(items, 'manifest'),
      tags: count(items, 'tag'),
      bytes: sumOfBytes(items.map(({ bytes }) => bytes)),
      kept: kept.length,
    },
    ...{ more, over, pages: pages.length, carriedOut: 0, outcome: { manifests: 0, tags: 0, stayed: 0 } },
  };
  for (const [page, held] of pages.entries()) {
    const document: PlanPage = {
      id: planPageRef(registry, id, page).id,
      type: 'purge-plan-page',
      schemaVersion: 1,
      registry,
      plan: id,
      ...held,
    };
    await ports.documents.commitDocuments('registries', [registry], [stored(document)]);
  }
  await ports.documents.commitDocuments('registries', [registry], [stored(plan)]);
  await changePolicy(ports.documents, registry, name, (before) => ({ ...before, plan: id }));
  await publishPlan(session, plan, policy.brakePercent, cause, requestedBy);
  return plan;
}

type Held = Pick<PlanPage, 'removals' | 'kept'>;

/** Splits a plan into pages. The kept items are on the first page, and the first of them only if they are many. */
function pagesOf(removals: readonly Removal[], kept: readonly Item[]): Held[] {
  const pages: Held[] = kept.length === 0 ? [] : [{ removals: [], kept: kept.slice(0, keptListed) }];
  for (const removal of removals) {
    const last = pages.at(-1);
    const isFull =
      last === undefined ||
      last.removals.length >= removalsOnPage ||
      last.removals.reduce((sum, { items }) => sum + items.length, removal.items.length + last.kept.length) >
        itemsOnPage;
    if (isFull) pages.push({ removals: [removal], kept: [] });
    else last.removals.push(removal);
  }
  return pages;
}

function stored(document: Plan | PlanPage): DocumentChange {
  return { do: 'upsert', document: { ...document, ttl: planTtl } };
}

/** Hashes a plan. The same removals for the same reasons have the same hash, whenever they were planned. */
function hashOf(rules: string, items: readonly Item[], kept: readonly Item[]): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted({ rules, items, kept })))
    .digest('hex');
}

function count(items: readonly Item[], kind: Item['kind']): number {
  return items.filter((item) => item.kind === kind).length;
}

/** Judges what is due, in the order of its time, and marks it anew, which puts off what was pulled or pinned since. */
async function collectDue(session: Session, policy: string): Promise<Collected> {
  const { ports, registry } = session;
  const [found, kept]: [Found[], Item[]] = [[], []];
  const seen = new Set<string>();
  const limit = pLimit(judgedAtOnce);
  const query = dueQuery(ports.clock.now(), {
    container: 'repositories',
    partition: [registry],
    where: [
      { path: 'type', is: '=', value: 'purge-due' },
      { path: 'policy', is: '=', value: policy },
    ],
    limit: dueAtOnce,
  });
  let more = false;
  for await (const page of eachPage(ports.documents, query)) {
    // A mark is written on the condition of the state in which it was found, which is older than the facts of its
    // judgement.
    const now = session.viewingAnew();
    const judged = await Promise.all(
      page.documents.map((each) => limit(() => judgeUnlessBroken(now, policy, each, query))),
    );
    for (const each of judged) {
      kept.push(...each.kept);
      if (each.found === undefined || seen.has(keyOf(each.found.removal))) continue;
      seen.add(keyOf(each.found.removal));
      found.push(each.found);
    }
    more = !page.isLast;
    if (found.length >= removalsAtMost) break;
  }
  kept.sort((a, b) =>
    `${a.repository}@${a.digest}:${a.tag ?? ''}` < `${b.repository}@${b.digest}:${b.tag ?? ''}` ? -1 : 1,
  );
  return { found, kept, more };
}

/**
 * Judges again manifests that are removed at the same time: two indexes together free the child that each of them would
 * keep, and a pin on that child keeps both. It is repeated until nothing changes, because what stays keeps others.
 */
async function judgeTogether(session: Session, policy: string, alone: readonly Found[]): Promise<Found[]> {
  const limit = pLimit(judgedAtOnce);
  let found = [...alone];
  for (let changed = true; changed;) {
    const judged = await Promise.all(found.map((each) => limit(() => judgeBesideOthers(session, policy, each, found))));
    const left = judged.filter((each) => each !== undefined);
    changed =
      left.length < found.length || left.some(({ removal }, index) => removal.whole !== found[index]?.removal.whole);
    found = left;
  }
  // They are sorted by name, so that the same plan has the same hash.
  return found.toSorted((a, b) => Number(a.late) - Number(b.late) || (keyOf(a.removal) < keyOf(b.removal) ? -1 : 1));
}

async function judgeBesideOthers(
  session: Session,
  policy: string,
  one: Found,
  all: readonly Found[],
): Promise<Found | undefined> {
  const { repository, digest } = one.removal;
  const going = new Set(
    all
      .filter(({ removal }) => removal.whole && removal.repository === repository && removal.digest !== digest)
      .map(({ removal }) => removal.digest),
  );
  if (going.size === 0 || !one.dependsOnOthers) return one;
  const view = await session.view({ registry: session.registry, repository });
  const judged = view === undefined ? undefined : await judgeNow(session, { ...view, going }, digest);
  const removal = judged === undefined ? undefined : removalOf(judged, policy);
  if (judged === undefined || removal === undefined) return undefined;
  return {
    removal,
    documents: removal.whole ? judged.documents : [],
    late: one.late || (removal.whole && !one.removal.whole),
    dependsOnOthers: true,
  };
}

function keyOf({ repository, digest }: Removal): string {
  return `${repository}@${digest}`;
}

/**
 * Judges one document that is due. One that cannot be read or judged stays, the plan says so, and the others go on. An
 * outage of the store ends the plan.
 */
async function judgeUnlessBroken(
  session: Session,
  policy: string,
  due: VersionedDocument,
  query: DocumentQuery,
): Promise<{ found?: Found; kept: Item[] }> {
  try {
    return await judgeDue(session, parseStored(dueSchema, due, query));
  } catch (error) {
    if (error instanceof StoreFailure) throw error;
    session.ports.log.error(
      { err: error, id: due.document.id, policy },
      'a manifest that is due cannot be judged, so it stays',
    );
    const named = dueSchema.pick({ repository: true, digest: true, dueAt: true }).safeParse(due.document);
    if (!named.success) return { kept: [] };
    const { repository, digest, dueAt } = named.data;
    return {
      kept: [
        {
          kind: 'manifest',
          repository,
          digest,
          rule: 'unreadable',
          why: `it cannot be judged: ${(error as Error).message}`.slice(0, 500),
          evidence: { pushedAt: dueAt },
          bytes: 0,
        },
      ],
    };
  }
}

async function judgeDue(session: Session, due: Stored<Due>): Promise<{ found?: Found; kept: Item[] }> {
  const { registry, repository, policy } = due.document;
  const key = { registry, repository };
  const view = await session.view(key);
  // The policy does not cover it any more, so its mark is deleted.
  if (view?.rules.has(policy) !== true) {
    await session.ports.documents.commitDocuments('repositories', partitionOf(key), [removing(due)]);
    return { kept: [] };
  }
  const judged = await markDue(session, view, due);
  if (judged === undefined) return { kept: [] };
  const removal = removalOf(judged, policy);
  const [first] = removal?.items ?? [];
  if (removal !== undefined && first !== undefined && removal.items.length > itemsOfOne)
    return {
      kept: [
        {
          ...first,
          rule: 'too-large',
          why:
            `${removal.items.length} manifests and tags would be removed with it, which is more than one ` +
            'step of a plan may have',
        },
      ],
    };
  return {
    ...(removal === undefined
      ? {}
      : {
          found: {
            removal,
            documents: removal.whole ? judged.documents : [],
            late: false,
            dependsOnOthers: judged.dependsOnOthers,
          },
        }),
    kept: lockedItems(judged, policy),
  };
}

/**
 * Returns each document once: a referrer of parts of two subjects, or a child of two indexes, is removed along with
 * both and counts once.
 */
function uniqueDocuments(found: readonly Found[]): ManifestDocument[] {
  return [
    ...new Map(
      found
        .flatMap(({ documents }) => documents)
        .map((document) => [`${document.repository}@${document.digest}`, document]),
    ).values(),
  ];
}

/**
 * Publishes the events of a plan that removes something, before anybody acts on it. After a crash in between no event
 * names the plan, and the next run makes another one.
 */
async function publishPlan(
  { ports }: Session,
  plan: Plan,
  percent: number,
  cause: Cause,
  requestedBy: 'schedule' | 'somebody',
): Promise<void> {
  const { policy, plan: id, hash, manifests, tags, bytes, over, madeAt } = plan;
  if (manifests + tags === 0) return;
  const envelopeParts = (type: string) => ({
    id: `${id}-${type}`,
    time: madeAt,
    source: ports.settings.eventSource,
    subject: policy,
  });
  const occurrence = { id: ports.ids.nextId(), timestamp: madeAt, ...cause };
  const events = [
    envelope('Longshore.PurgePlanned', envelopeParts('planned'), {
      ...occurrence,
      target: { policy, plan: id, hash, manifests, tags, bytes, asks: requestedBy === 'somebody' || over.length > 0 },
    }),
  ];
  if (requestedBy === 'schedule' && over.length > 0)
    events.push(
      envelope('Longshore.BrakeApplied', envelopeParts('braked'), {
        ...occurrence,
        target: { policy, plan: id, hash, percent, repositories: over },
      }),
    );
  await ports.topic.publishEvents(events);
}

/** Makes a plan in a session of its own, so that images in use, locks and pulls are read now. */
export async function planNow(
  ports: Session['ports'],
  registry: Session['registry'],
  policy: PolicyDocument,
  cause: Cause,
  requestedBy: 'schedule' | 'somebody',
): Promise<Plan> {
  return makePlan(await openSession(ports, registry), policy, cause, requestedBy);
}
