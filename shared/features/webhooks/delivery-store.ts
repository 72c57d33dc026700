import { untilUncontended } from '../../core/documents/contention.ts';
import { defined } from '../../core/documents/defined.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { CommitDocuments, DocumentRef, ReadDocument } from '../../core/ports/documents.ts';
import type { Delivery } from './documents.ts';
import { deliverySchema, pingType } from './documents.ts';

export function refOf({ webhook, day, id }: Pick<Delivery, 'webhook' | 'day' | 'id'>): DocumentRef {
  return { container: 'deliveries', partition: [webhook, day], id };
}

/** `undefined` when there is none. Throws `StoreFailure` and `UnreadableDocument`. */
export function readStoredDelivery(documents: ReadDocument, ref: DocumentRef): Promise<Stored<Delivery> | undefined> {
  return readStored(documents, deliverySchema, ref);
}

/**
 * Without the event, which lies once for all hooks: a hook whose receiver is gone has thousands of deliveries that
 * wait.
 */
function asStored({ event, ...delivery }: Delivery): Omit<Delivery, 'event'> {
  return delivery.eventId === undefined || delivery.eventType === pingType
    ? { ...delivery, ...defined({ event }) }
    : delivery;
}

/** `undefined` when there is one already: nothing was written. Throws `StoreFailure`. */
export async function createDelivery(
  documents: CommitDocuments,
  delivery: Delivery,
): Promise<Stored<Delivery> | undefined> {
  const outcome = await documents.commitDocuments(
    'deliveries',
    [delivery.webhook, delivery.day],
    [{ do: 'create', document: asStored(delivery) }],
  );
  return outcome.committed ? { document: delivery, etag: outcome.etags[0] ?? '' } : undefined;
}

/**
 * Writes what `next` makes of the delivery, and asks it again while others write in between. `undefined`, and nothing
 * is written, when it makes nothing of what is there, or the delivery has left the log. Throws `StoreFailure`.
 */
export async function changeDelivery(
  documents: ReadDocument & CommitDocuments,
  known: Stored<Delivery>,
  next: (delivery: Delivery) => Delivery | undefined,
): Promise<Stored<Delivery> | undefined> {
  let stored: Stored<Delivery> | undefined = known;
  const ref = refOf(known.document);
  const changed = await untilUncontended(`the delivery ${ref.id}`, async () => {
    stored ??= await readStoredDelivery(documents, ref);
    const document = stored === undefined ? undefined : next(stored.document);
    if (stored === undefined || document === undefined) return 'nothing';
    const outcome = await documents.commitDocuments('deliveries', ref.partition, [
      { do: 'replace', document: asStored(document), ifMatch: stored.etag },
    ]);
    stored = undefined;
    return outcome.committed ? { document, etag: outcome.etags[0] ?? '' } : undefined;
  });
  return changed === 'nothing' ? undefined : changed;
}
