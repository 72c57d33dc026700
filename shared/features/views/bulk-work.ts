import { inBatches } from '../../core/documents/batches.ts';
import type { LeaseTerms } from '../../core/documents/lease.ts';
import { isHeld, Lease } from '../../core/documents/lease.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import { manifestRef, tagRef } from '../../core/documents/manifest.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { RecycleForPolicies } from '../../core/documents/recycling.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { RestoreDeletion } from '../../core/ports/bin.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Bulk, Step } from './bulk-documents.ts';
import { bulks } from './bulk-documents.ts';
import type { Matches } from './bulk-matches.ts';
import { atOnce, matchesBehind } from './bulk-matches.ts';

export interface BulkPorts {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  readonly registry: RegistryName;
  readonly recycler: RecycleForPolicies;
  readonly deletions: RestoreDeletion;
}

/** A process that says nothing for so long has died, and another one takes over. */
const lease: LeaseTerms<Bulk> = { ms: 60_000, until: (dueAt) => ({ dueAt }) };
/** The milliseconds until a deletion goes on that was put off, because others kept writing. */
const laterMs = 10_000;

/** A step is as long as a lease is renewed in time; its parts run side by side. */
const stepSize = 32;
const partSize = 8;
const mostShown = 100;

type Held = Lease<Bulk>;

/**
 * Goes on with a bulk deletion, or with undoing one, until it is done or `until`. Of two processes one has the lease. A
 * process that died has written what its step was about, so the next one counts that once. Throws `StoreFailure`.
 */
export async function goOn(ports: BulkPorts, bulk: string, until: Date): Promise<void> {
  const worker = ports.ids.nextId();
  for (;;) {
    const found = await bulks.find(ports.documents, { registry: ports.registry, bulk });
    if (found === undefined || !isOpen(found.document) || isWithOther(ports, found.document, worker)) return;
    const held = await Lease.take(ports, bulks, found, lease, { worker });
    if (held === undefined) continue;
    try {
      await held.keptDuring(() => work(ports, held, until));
    } catch (error) {
      await giveUp(ports, held, error);
    }
    // A write was refused: somebody has cancelled, or it went through and its answer was lost. The document says which.
    if (!held.signal.aborted) return;
  }
}

function isWithOther({ clock }: BulkPorts, { dueAt, worker }: Bulk, me: string): boolean {
  return worker !== me && isHeld(dueAt ?? undefined, clock.now());
}

/** Says whether something is left to do. */
export function isOpen({ state, step, undo }: Bulk): boolean {
  return state === 'running' || (step ?? undefined) !== undefined || undo?.state === 'running';
}

async function work(ports: BulkPorts, held: Held, until: Date): Promise<void> {
  const first = held.held.document;
  // The process that held it before may have deleted a part of its step.
  if (first.step && !(await endStep(ports, held, first.step))) return;
  while (held.held.document.state === 'running') {
    if (ports.clock.now() >= until) {
      await held.write({ dueAt: ports.clock.now().toISOString() });
      return;
    }
    const next = await nextMatches(ports, held.held.document);
    for (const { step, place } of stepsOf(next, held.held.document)) {
      if (!(await held.renew({ step, place }))) return;
      const outcome = await recycled(ports, held, step, false);
      if (!(await held.write({ step: null, ...sum(held.held.document, outcome) }))) return;
    }
    if (isLast(next, held.held.document) && !(await held.write(ended(ports, 'done')))) return;
  }
  if (held.held.document.undo?.state === 'running') await undo(ports, held);
  else if (held.held.document.dueAt) await held.write({ dueAt: null });
}

function ended({ clock }: BulkPorts, state: 'done' | 'failed'): Partial<Bulk> {
  return { state, finishedAt: clock.now().toISOString(), dueAt: null };
}

interface Found extends Omit<Matches, 'place'> {
  readonly place?: string | number;
}

async function nextMatches(ports: BulkPorts, bulk: Bulk): Promise<Found> {
  if (bulk.tags === undefined)
    return matchesBehind(ports, bulk, typeof bulk.place === 'string' ? bulk.place : undefined, atOnce(bulk));
  const from = typeof bulk.place === 'number' ? bulk.place : 0;
  const items = bulk.tags.slice(from, from + stepSize);
  return from + items.length < bulk.tags.length ? { items, place: from + items.length } : { items };
}

/** Cuts what matches into steps, each with the place behind it. */
function stepsOf({ items, place }: Found, { tags, untagged }: Bulk): { step: Step; place: string | number }[] {
  const placeOf = ({ tag, digest }: Step[number]) => (untagged === true ? `manifest:${digest}` : `tag:${tag ?? ''}`);
  const steps = inBatches(items, stepSize).map((step) => {
    const last = step.at(-1);
    return { step, place: tags === undefined && last !== undefined ? placeOf(last) : (place ?? tags?.length ?? 0) };
  });
  // The documents behind the last match are not examined at again.
  if (place === undefined || tags !== undefined) return steps;
  return steps.length === 0
    ? [{ step: [], place }]
    : steps.map((each, at) => (at === steps.length - 1 ? { ...each, place } : each));
}

function isLast({ place }: Found, { state }: Bulk): boolean {
  return place === undefined && state === 'running';
}

interface Outcome {
  readonly deleted: number;
  readonly kept: Bulk['kept'];
}

function sum(bulk: Bulk, { deleted, kept }: Outcome): Partial<Bulk> {
  return {
    deleted: bulk.deleted + deleted,
    kept: [...bulk.kept, ...kept].slice(0, mostShown),
    keptCount: bulk.keptCount + kept.length,
  };
}

/**
 * Ends the step of a process that died, or that somebody has cancelled: then nothing more goes, and what is gone is
 * counted. `false` if somebody else has taken over.
 */
async function endStep(ports: BulkPorts, held: Held, step: Step): Promise<boolean> {
  const bulk = held.held.document;
  const outcome = bulk.state === 'running' ? await recycled(ports, held, step, true) : await goneOf(ports, bulk, step);
  return held.write({ step: null, ...sum(bulk, outcome) });
}

async function goneOf({ documents }: BulkPorts, bulk: Bulk, step: Step): Promise<Outcome> {
  const there = await Promise.all(
    step.map(({ tag, digest }) =>
      documents.readDocument(tag === undefined ? manifestRef(bulk, digest) : tagRef(bulk, tag)),
    ),
  );
  return { deleted: there.filter((found) => found === undefined).length, kept: [] };
}

/**
 * Recycles one step. Only what still is as it was judged goes, and nothing that a lock or another document keeps. What a
 * process that died has left absent is what it has deleted.
 */
async function recycled(ports: BulkPorts, held: Held, step: Step, isAgain: boolean): Promise<Outcome> {
  const bulk = held.held.document;
  const ended = await Promise.allSettled(
    inBatches(step, partSize).map((part) => recycledPart(ports, bulk, part, { isAgain, signal: held.signal })),
  );
  // Every part has ended before a failure counts: what they have deleted is counted then.
  const parts = ended.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
  return {
    deleted: parts.reduce((all, { deleted }) => all + deleted, 0),
    kept: parts.flatMap(({ kept }) => kept),
  };
}

async function recycledPart(
  ports: BulkPorts,
  bulk: Bulk,
  part: Step,
  { isAgain, signal }: { readonly isAgain: boolean; readonly signal: AbortSignal },
): Promise<Outcome> {
  const judged = new Map(part.map(({ tag, digest }): [string, string] => [tag ?? digest, digest]));
  // Once somebody else has the lease, this deletion may be undone already: nothing more goes.
  const isAsJudged = (found: ManifestDocument | TagDocument) =>
    !signal.aborted &&
    found.updatedAt <= bulk.createdAt &&
    (found.type === 'manifest' ? judged.has(found.digest) : judged.get(found.name) === found.digest);
  const wanted = {
    manifests: part.flatMap(({ tag, digest }) => (tag === undefined ? [digest] : [])),
    tags: part.flatMap(({ tag }) => tag ?? []),
    isAsJudged,
  };
  const { cause, group } = bulk;
  const { manifests, tags, stayed } = await ports.recycler.recycle(bulk, wanted, { cause, group });
  const byDeadProcess = isAgain ? stayed.filter(({ because }) => because === 'gone') : [];
  const kept = stayed
    .filter((each) => !byDeadProcess.includes(each))
    .map(({ what, because }) => ({ ...nameOf(part, what), why: reasons[because] }));
  return { deleted: manifests.length + tags.length + byDeadProcess.length, kept };
}

function nameOf(part: Step, what: string): Pick<Bulk['kept'][number], 'tag' | 'digest'> {
  const item = part.find(({ tag, digest }) => (tag ?? digest) === what);
  return item === undefined ? {} : item.tag === undefined ? { digest: item.digest } : { tag: item.tag };
}

const reasons = {
  locked: 'It is locked: an attribute forbids its deletion.',
  gone: 'Somebody else has deleted it meanwhile.',
  'pushed since': 'It was pushed again or has moved since.',
  tag: 'A tag points at it by now.',
  index: 'An index lists it.',
  subject: 'It refers to a manifest that is there.',
} as const;

/** Restores all of it. What was there to restore is counted before, for a process that died may have restored a part. */
async function undo(ports: BulkPorts, held: Held): Promise<void> {
  const bulk = held.held.document;
  if (bulk.undo === undefined) return;
  const found = bulk.undo.found ?? (await inBin(ports, bulk));
  const undoing = { ...bulk.undo, found };
  if (!(await held.renew({ undo: undoing }))) return;
  const { taken } = await ports.deletions.restoreDeletion(bulk, bulk.group, undoing.cause);
  await held.write({
    dueAt: null,
    undo: { ...undoing, state: 'done', taken: taken.slice(0, mostShown), takenCount: taken.length },
  });
}

async function inBin({ documents }: BulkPorts, bulk: Bulk): Promise<{ manifests: number; tags: number }> {
  const count = (type: 'binned' | 'binned-tag') =>
    documents.countDocuments({
      container: 'repositories',
      partition: partitionOf(bulk),
      where: [
        { path: 'type', is: '=', value: type },
        { path: 'recycled.group', is: '=', value: bulk.group },
      ],
    });
  const [manifests, tags] = await Promise.all([count('binned'), count('binned-tag')]);
  return { manifests, tags };
}

/** Ends what cannot go on, with the reason; what others only kept from going on is tried again. */
async function giveUp(ports: BulkPorts, held: Held, error: unknown): Promise<void> {
  if (error instanceof StoreFailure) throw error;
  const isContended = error instanceof RegistryError && error.fault.is === 'contended';
  ports.log.warn({ err: error, bulk: held.held.document.bulk }, 'a bulk deletion could not go on');
  if (isContended) {
    await held.write({ dueAt: new Date(ports.clock.now().getTime() + laterMs).toISOString() });
    return;
  }
  const reason =
    error instanceof RegistryError && error.fault.is === 'disallowed'
      ? `The ${error.fault.what} is locked by its attribute ${error.fault.attribute}: set it to true, then ask again.`
      : 'It failed for a reason that the log of the registry has.';
  const bulk = held.held.document;
  if (bulk.undo?.state === 'running') {
    await held.write({ reason, dueAt: null, undo: { ...bulk.undo, state: 'failed' } });
    return;
  }
  // A step that stays written would be taken for one under way, and the deletion could never be undone.
  const counted = bulk.step ? { step: null, ...sum(bulk, await goneOf(ports, bulk, bulk.step)) } : {};
  await held.write({ ...ended(ports, 'failed'), reason, ...counted });
}
