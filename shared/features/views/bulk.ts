import { defined } from '../../core/documents/defined.ts';
import { leaseEnd } from '../../core/documents/lease.ts';
import type { Stored } from '../../core/documents/stored.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Bulk } from './bulk-documents.ts';
import { bulks, bulkTtl } from './bulk-documents.ts';
import { countMatches, pickedTags } from './bulk-matches.ts';
import type { BulkContent, BulkOnWire } from './bulk-wire.ts';
import type { BulkPorts } from './bulk-work.ts';
import { goOn, isOpen } from './bulk-work.ts';
import { requireRepository } from './tags.ts';

/** The milliseconds that a request waits for the work that it begins: the rest is done after its answer. */
const patienceMs = 250;
/** The milliseconds of one run: the timer goes on with what is left. */
const runMs = 45_000;

/**
 * Begins a bulk deletion, if as many match as the caller expects. Throws `RegistryError` (`thing-unknown`, `conflict`).
 */
export async function beginBulk(ports: BulkPorts, content: BulkContent, cause: Cause): Promise<BulkOnWire> {
  const { registry, documents, clock, ids } = ports;
  const { repository, search, pushedBefore, untagged, expected } = content;
  const key = { registry, repository };
  await requireRepository(documents, key);
  const createdAt = clock.now().toISOString();
  const tags =
    content.tags === undefined ? undefined : await pickedTags(ports, key, content.tags, content.pushedBefore);
  const which = { ...key, createdAt, ...defined({ search, pushedBefore, untagged }) };
  const matched = tags === undefined ? await countMatches(ports, which) : tags.length;
  if (expected !== undefined && expected !== matched)
    throw new RegistryError({
      is: 'conflict',
      code: 'countChanged',
      why: `${matched} match by now and not ${expected}, so nothing is deleted: look at the list again, and send what it counts`,
    });
  const bulk = ids.nextId();
  await bulks.create(documents, {
    id: bulks.ref({ registry, bulk }).id,
    type: 'bulk-deletion',
    schemaVersion: 1,
    ...which,
    ...defined({ tags }),
    bulk,
    state: 'running',
    matched,
    deleted: 0,
    kept: [],
    keptCount: 0,
    group: ids.nextId(),
    cause,
    dueAt: createdAt,
    ttl: bulkTtl,
  });
  await workAWhile(ports, bulk);
  return onWire(await requireBulk(ports, bulk));
}

/** Works on it, and answers when that takes long. A process that ends before it is done is followed by the timer. */
async function workAWhile(ports: BulkPorts, bulk: string): Promise<void> {
  const work = goOn(ports, bulk, new Date(ports.clock.now().getTime() + runMs)).catch((error: unknown) => {
    ports.log.warn({ err: error, bulk }, 'a bulk deletion stands still until the timer goes on with it');
  });
  const patience = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => {
    patience.resolve(undefined);
  }, patienceMs);
  timer.unref();
  await Promise.race([work, patience.promise]);
  clearTimeout(timer);
}

/** Throws `RegistryError` (`thing-unknown`). */
export async function requireBulk(
  ports: Pick<BulkPorts, 'documents' | 'registry'>,
  bulk: string,
): Promise<Stored<Bulk>> {
  const found = await bulks.find(ports.documents, { registry: ports.registry, bulk });
  if (found !== undefined) return found;
  throw new RegistryError({
    is: 'thing-unknown',
    code: 'bulkDeletionNotFound',
    what: `bulk deletion "${bulk.slice(0, 100)}"`,
    hint: 'GET /api/v1/bulk-deletions lists those of the last 90 days',
  });
}

/** Cancels a bulk deletion: the step under way ends, and no other begins. Throws `RegistryError`. */
export async function cancelBulk(ports: BulkPorts, bulk: string): Promise<BulkOnWire> {
  const { registry, documents, clock } = ports;
  const found = await requireBulk(ports, bulk);
  const cancelled = await bulks.update(
    documents,
    bulks.ref({ registry, bulk }),
    (before) =>
      before.state === 'running'
        ? {
            ...before,
            state: 'cancelled',
            finishedAt: clock.now().toISOString(),
            // The process that works on it notices at its next write. Somebody counts what its step has deleted later.
            dueAt: before.step ? leaseEnd(clock.now(), stepMs) : null,
          }
        : undefined,
    { known: found },
  );
  if (cancelled !== undefined) return onWire(cancelled);
  const { state } = (await requireBulk(ports, bulk)).document;
  throw new RegistryError({
    is: 'conflict',
    code: 'bulkDeletionEnded',
    why: `the bulk deletion is ${state} already: undo it to restore what it has deleted`,
  });
}

/** The milliseconds after which a step under way has ended, or its process has died: as long as its lease. */
const stepMs = 60_000;

/** Begins to undo a bulk deletion; asked again, it goes on. Throws `RegistryError` (`thing-unknown`, `conflict`). */
export async function undoBulk(ports: BulkPorts, bulk: string, cause: Cause): Promise<BulkOnWire> {
  const { registry, documents, clock } = ports;
  const found = await requireBulk(ports, bulk);
  if (isOpen({ ...found.document, undo: undefined }))
    throw new RegistryError({
      is: 'conflict',
      code: 'bulkDeletionRunning',
      why: 'the bulk deletion is still under way: wait until it is done, or cancel it first',
    });
  await bulks.update(
    documents,
    bulks.ref({ registry, bulk }),
    (before) =>
      (before.undo === undefined || before.undo.state === 'failed') && !isOpen(before)
        ? {
            ...before,
            reason: undefined,
            undo: { state: 'running', cause, taken: [], takenCount: 0, ...defined({ found: before.undo?.found }) },
            dueAt: clock.now().toISOString(),
          }
        : undefined,
    { known: found },
  );
  await workAWhile(ports, bulk);
  return onWire(await requireBulk(ports, bulk));
}

/** Goes on with what processes that died have left. */
export async function workOnDue(ports: BulkPorts, until: Date): Promise<void> {
  const { documents, registry, clock, log } = ports;
  const due = await bulks.all(documents, {
    partition: [registry],
    where: [
      { path: 'type', is: '=', value: 'bulk-deletion' },
      { path: 'dueAt', is: '<=', value: clock.now().toISOString() },
    ],
  });
  for (const { document } of due) {
    if (clock.now() >= until) return;
    try {
      await goOn(ports, document.bulk, until);
    } catch (error) {
      log.warn({ err: error, bulk: document.bulk }, 'a bulk deletion stands still until the next run');
    }
  }
}

export function onWire({ document }: Pick<Stored<Bulk>, 'document'>): BulkOnWire {
  const { bulk, repository, state, matched, deleted, kept, keptCount, group, undo, reason, cause } = document;
  return {
    id: bulk,
    repository,
    state,
    matched,
    deleted,
    kept: kept.map(({ tag, digest, why }) => ({ ...defined({ tag, digest }), why })),
    keptCount,
    group,
    ...defined({ undo: undo === undefined ? undefined : undoOnWire(undo), reason, finishedAt: document.finishedAt }),
    by: cause.actor.name,
    createdAt: document.createdAt,
  };
}

function undoOnWire({ state, found, taken, takenCount }: NonNullable<Bulk['undo']>): NonNullable<BulkOnWire['undo']> {
  const restored = state === 'done' ? found : undefined;
  return {
    state,
    manifests: restored?.manifests ?? 0,
    tags: Math.max(0, (restored?.tags ?? 0) - takenCount),
    taken,
  };
}
