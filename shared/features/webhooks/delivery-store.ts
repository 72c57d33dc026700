import { written } from '../../core/documents/changes.ts';
import { collection } from '../../core/documents/collection.ts';
import { defined } from '../../core/documents/defined.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { CommitDocuments, DocumentRef, ReadDocument } from '../../core/ports/documents.ts';
import type { Delivery } from './documents.ts';
import { deliverySchema, pingType } from './documents.ts';

export const deliveries = collection({
  container: 'deliveries',
  schema: deliverySchema,
  place: ({ webhook, day, id }: Pick<Delivery, 'webhook' | 'day' | 'id'>) => ({ partition: [webhook, day], id }),
});

export function refOf(delivery: Pick<Delivery, 'webhook' | 'day' | 'id'>): DocumentRef {
  return deliveries.ref(delivery);
}

/** Reads a delivery; `undefined` when there is none. Throws `StoreFailure` and `UnreadableDocument`. */
export function readStoredDelivery(documents: ReadDocument, ref: DocumentRef): Promise<Stored<Delivery> | undefined> {
  return readStored(documents, deliverySchema, ref);
}

/**
 * Leaves out the event, which is stored once for all webhooks: a webhook whose receiver is gone has thousands of
 * deliveries that wait.
 */
function asStored({ event, ...delivery }: Delivery): Omit<Delivery, 'event'> {
  return delivery.eventId === undefined || delivery.eventType === pingType
    ? { ...delivery, ...defined({ event }) }
    : delivery;
}

/** Creates a delivery; `undefined` when there is one already: nothing was written. Throws `StoreFailure`. */
export async function createDelivery(
  documents: CommitDocuments,
  delivery: Delivery,
): Promise<Stored<Delivery> | undefined> {
  const outcome = await documents.commitDocuments(
    'deliveries',
    [delivery.webhook, delivery.day],
    [{ do: 'create', document: asStored(delivery) }],
  );
  return written(outcome, delivery);
}

/**
 * Writes what `next` returns for the delivery, and calls it again while others write in between. Returns `undefined`,
 * and writes nothing, when `next` returns nothing, or the delivery has left the log. Throws `StoreFailure`.
 */
export async function changeDelivery(
  documents: ReadDocument & CommitDocuments,
  known: Stored<Delivery>,
  next: (delivery: Delivery) => Delivery | undefined,
): Promise<Stored<Delivery> | undefined> {
  const ref = refOf(known.document);
  return deliveries.update(documents, ref, next, { what: `the delivery ${ref.id}`, known, asStored });
}
