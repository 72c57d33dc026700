import { removing, replacing, written } from '../../core/documents/changes.ts';
import { isHeld, leaseEnd } from '../../core/documents/lease.ts';
import type { Stored } from '../../core/documents/stored.ts';
import type { CommitDocuments, DocumentRef, JsonDocument, ReadDocument } from '../../core/ports/documents.ts';
import type { DeliveriesMessage } from './messages.ts';
import { sendAt } from './messages.ts';
import type { WebhookPorts } from './ports.ts';

/**
 * A claim lasts for so many milliseconds, longer than a step can take: a process that has claimed one for longer has
 * died.
 */
const claimMs = 120_000;

/**
 * Work that is done step by step, with a message each, while its document says where it is: `seq` is the next step,
 * `dueAt` when it is due (absent: there is none). The sweep finds a step whose message is lost; one whose message is
 * copied is made once, and made again only after a crash.
 */
export interface Stepped extends JsonDocument {
  readonly seq: number;
  readonly dueAt?: string | undefined;
  readonly claimedUntil?: string | undefined;
}

/**
 * Makes step `message.seq`. `step` returns the document as it is to be from then on (its `seq` is set here), or
 * `undefined` when it can be deleted. Throws `StoreFailure`, and what `step` throws: then the message is delivered
 * again.
 */
export async function takeStep<T extends Stepped>(
  ports: WebhookPorts,
  ref: DocumentRef,
  stored: Stored<T> | undefined,
  message: Exclude<DeliveriesMessage, { do: 'attempt' }>,
  step: (document: T) => Promise<T | undefined>,
): Promise<void> {
  if (stored === undefined || stored.document.seq !== message.seq) return;
  const now = ports.clock.now();
  const { claimedUntil } = stored.document;
  if (claimedUntil !== undefined && isHeld(claimedUntil, now))
    return sendAt(ports.queues, message, new Date(claimedUntil), now);
  const claimed = await replace(
    ports.documents,
    ref,
    { ...stored.document, claimedUntil: leaseEnd(now, claimMs) },
    stored,
  );
  if (claimed === undefined) return;
  const after = await step(claimed.document);
  if (after === undefined) {
    await ports.documents.commitDocuments(ref.container, ref.partition, [removing(claimed)]);
    return;
  }
  // JSON leaves out undefined properties.
  const next = await replace(
    ports.documents,
    ref,
    { ...after, seq: message.seq + 1, claimedUntil: undefined },
    claimed,
  );
  if (next !== undefined && after.dueAt !== undefined)
    await sendAt(ports.queues, { ...message, seq: message.seq + 1 }, new Date(after.dueAt), ports.clock.now());
}

/** Replaces a document; `undefined` when somebody else wrote it since. */
export async function replace<T extends JsonDocument>(
  documents: ReadDocument & CommitDocuments,
  { container, partition }: DocumentRef,
  document: T,
  before: Stored<T>,
): Promise<Stored<T> | undefined> {
  const outcome = await documents.commitDocuments(container, partition, [replacing(before, document)]);
  return written(outcome, document);
}
