import { z } from 'zod';
import { readable } from '../documents/alone.ts';
import type { RepositoryKey } from '../documents/names.ts';
import { partitionOf, registrySchema, repositorySchema } from '../documents/names.ts';
import { pagesOf } from '../documents/pages.ts';
import { documentShape, readStored } from '../documents/stored.ts';
import type { Clock } from '../ports/clock.ts';
import type { CommitDocuments, DocumentChange, QueryDocuments, ReadDocument } from '../ports/documents.ts';
import { StoreFailure } from '../ports/failures.ts';
import type { Log } from '../ports/log.ts';
import type { CloudEvent, PublishEvents } from '../ports/topic.ts';

/**
 * An event that waits in the partition of the change that it describes, written in the same transaction. One that is
 * `withheld` waits for more than its publication, and no sweep finds it.
 */
const outboxDocumentSchema = z.object({
  ...documentShape('event'),
  registry: registrySchema,
  repository: repositorySchema,
  state: z.enum(['withheld', 'pending', 'published']),
  recordedAt: z.iso.datetime(),
  event: z.custom<CloudEvent>((value) => typeof value === 'object' && value !== null),
});

/** Published events are kept for a week, in seconds, so that they can be inspected; then the store drops them. */
const publishedTtl = 7 * 24 * 3600;

/** Withheld events are kept for a year, in seconds: one whose manifest is purged meanwhile is asked for by nobody. */
const withheldTtl = 365 * 24 * 3600;

/**
 * One sweep reads at most so many events, and ends after so many milliseconds: in an outage each event fails after its
 * retries.
 */
const [maxRead, sweepMs] = [1_000, 30_000];

/** Pending events younger than this, in milliseconds, belong to requests that may still be publishing them. */
export const sweepAge = 10_000;

export interface OutboxPorts {
  readonly documents: CommitDocuments;
  readonly topic: PublishEvents;
  readonly log: Log;
}

/**
 * Makes the change that records `event` in the batch of the change that it describes. An event whose id is derived from
 * that change, so that a crash repeats it, is recorded `again`: consumers recognize it by its id.
 */
export function recordEvent(key: RepositoryKey, event: CloudEvent, again?: 'again'): DocumentChange {
  return { do: again === undefined ? 'create' : 'upsert', document: outboxDocument(key, event, 'pending') };
}

/** Makes the change that records an event which is published only once somebody calls for it (`callForEvent`). */
export function withholdEvent(key: RepositoryKey, event: CloudEvent): DocumentChange {
  return { do: 'create', document: { ...outboxDocument(key, event, 'withheld'), ttl: withheldTtl } };
}

/** Makes the change by which a withheld event, as it is published now, is due. */
export function callForEvent(event: CloudEvent): DocumentChange {
  return { do: 'patch', id: `event:${event.id}`, set: { state: 'pending', recordedAt: event.time, event } };
}

function outboxDocument({ registry, repository }: RepositoryKey, event: CloudEvent, state: 'withheld' | 'pending') {
  return {
    id: `event:${event.id}`,
    type: 'event',
    schemaVersion: 1,
    registry,
    repository,
    state,
    recordedAt: event.time,
    event,
  };
}

/**
 * Says whether an event is in the outbox. A commit whose answer was lost is sent again and refused, though it went
 * through: the event that only this attempt records, under an id of its own, proves that. It is called after a refusal
 * alone.
 */
export async function isRecorded(documents: ReadDocument, key: RepositoryKey, event: CloudEvent): Promise<boolean> {
  return (
    (await documents.readDocument({
      container: 'repositories',
      partition: partitionOf(key),
      id: `event:${event.id}`,
    })) !== undefined
  );
}

/**
 * Returns the events with these ids that are in the outbox, as they were recorded: those that may be published, or
 * those that are withheld.
 */
export async function recordedEvents(
  documents: ReadDocument,
  key: RepositoryKey,
  ids: Iterable<string>,
  which: 'withheld' | 'to publish' = 'to publish',
): Promise<CloudEvent[]> {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  const found = await Promise.all(
    [...ids].map((id) => readStored(documents, outboxDocumentSchema, { container, partition, id: `event:${id}` })),
  );
  return found.flatMap((each) =>
    each !== undefined && (each.document.state === 'withheld') === (which === 'withheld') ? [each.document.event] : [],
  );
}

/**
 * Publishes the events of a commit in one call, and marks them. A failure is logged and left to `sweepOutbox`: the
 * change that the client asked for has happened, and the answer says so.
 */
export async function publishCommitted(
  ports: OutboxPorts,
  key: RepositoryKey,
  events: readonly CloudEvent[],
): Promise<void> {
  try {
    await ports.topic.publishEvents(events);
    await markPublished(
      ports.documents,
      key,
      events.map((event) => event.id),
    );
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    ports.log.warn(
      { err: error, events: events.map((event) => event.id) },
      'events stay in the outbox until the sweep',
    );
  }
}

async function markPublished(documents: CommitDocuments, key: RepositoryKey, ids: readonly string[]): Promise<void> {
  await documents.commitDocuments(
    'repositories',
    partitionOf(key),
    ids.map((id) => ({ do: 'patch', id: `event:${id}`, set: { state: 'published', ttl: publishedTtl } })),
  );
}

/**
 * Publishes events that a crash or an outage left unpublished, oldest first, up to `limit`. Returns how many. An event
 * that the topic refuses is logged and stops no other. Throws `StoreFailure` when none could be published. An event may
 * be published twice (after a crash between publishing and marking): consumers are idempotent by its id.
 */
export async function sweepOutbox(
  ports: OutboxPorts & { readonly documents: QueryDocuments; readonly clock: Clock },
  limit = 100,
): Promise<number> {
  const before = new Date(ports.clock.now().getTime() - sweepAge).toISOString();
  const where = [
    { path: 'type', is: '=' as const, value: 'event' },
    { path: 'state', is: '=' as const, value: 'pending' },
    { path: 'recordedAt', is: '<=' as const, value: before },
  ];
  const end = ports.clock.now().getTime() + sweepMs;
  let [published, read] = [0, 0];
  let failure: unknown;
  for await (const page of pagesOf(ports.documents, {
    container: 'repositories',
    where,
    orderBy: { path: 'recordedAt', direction: 'asc' },
    limit,
  })) {
    for (const {
      document: { registry, repository, event },
    } of readable(ports.log, outboxDocumentSchema, page, { container: 'repositories' })) {
      if (ports.clock.now().getTime() >= end) break;
      try {
        await ports.topic.publishEvents([event]);
        await markPublished(ports.documents, { registry, repository }, [event.id]);
        published += 1;
      } catch (error) {
        failure ??= error;
        ports.log.error(
          { err: error, event: event.id },
          'an event stays in the outbox, and the sweep goes on with the next',
        );
      }
    }
    read += page.length;
    // It reads on behind the events that stay: one that the topic never accepts must not block all younger ones.
    if (published >= limit || read >= maxRead || ports.clock.now().getTime() >= end) break;
  }
  if (failure !== undefined && published === 0)
    throw failure instanceof Error ? failure : new Error('no event could be published');
  return published;
}
