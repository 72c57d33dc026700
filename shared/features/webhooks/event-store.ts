import { allStored } from '../../core/documents/pages.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { CommitDocuments, DocumentRef, QueryDocuments, ReadDocument } from '../../core/ports/documents.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import type { Delivery } from './documents.ts';
import { keptFor, markerRef, markerSchema } from './marker.ts';

/**
 * Returns the place of a delivery's event, which is stored once for all webhooks, in the marker of its dispatch.
 * Returns `undefined` for a delivery that has it itself.
 */
function eventRef({ event, eventId, registry, eventTime }: Delivery): DocumentRef | undefined {
  return event !== undefined || eventId === undefined
    ? undefined
    : markerRef(registry, { id: eventId, time: eventTime });
}

/**
 * Reads the event of a delivery; `undefined` when it has left the log. Throws `StoreFailure` and `UnreadableDocument`.
 */
export async function eventOf(documents: ReadDocument, delivery: Delivery): Promise<CloudEvent | undefined> {
  const ref = eventRef(delivery);
  return ref === undefined ? delivery.event : (await readStored(documents, markerSchema, ref))?.document.event;
}

/**
 * Adds their events to a page of deliveries, by one query for each day. Throws `StoreFailure` and `UnreadableDocument`.
 */
export async function withEvents(documents: QueryDocuments, deliveries: readonly Delivery[]): Promise<Delivery[]> {
  const refs = deliveries.flatMap((delivery) => eventRef(delivery) ?? []);
  const byDay = Map.groupBy(refs, ({ partition }) => JSON.stringify(partition));
  const found = new Map((await Promise.all([...byDay.values()].map((ofDay) => readDay(documents, ofDay)))).flat());
  return deliveries.map((delivery) => {
    const event = delivery.event ?? found.get(eventRef(delivery)?.id ?? '');
    return event === undefined ? delivery : { ...delivery, event };
  });
}

async function readDay(documents: QueryDocuments, refs: readonly DocumentRef[]): Promise<[string, CloudEvent][]> {
  const [{ partition } = { partition: [] }] = refs;
  const found = await allStored(
    documents,
    {
      container: 'deliveries',
      partition,
      where: [{ path: 'id', is: 'in', values: refs.map(({ id }) => id) }],
      limit: refs.length,
    },
    markerSchema,
  );
  return found.map(({ document: { id, event } }) => [id, event]);
}

/**
 * Keeps the event of a delivery that begins again for as long as a new one. It may have left the log: then the attempt
 * says so. Throws `StoreFailure`.
 */
export async function keepEvent(documents: CommitDocuments, delivery: Delivery): Promise<void> {
  const ref = eventRef(delivery);
  // Any write begins the time for which it is kept again.
  if (ref !== undefined)
    await documents.commitDocuments('deliveries', ref.partition, [{ do: 'patch', id: ref.id, set: { ttl: keptFor } }]);
}
