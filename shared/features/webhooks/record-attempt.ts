import type { Stored } from '../../core/documents/stored.ts';
import { inWords, verdictOf } from './attempt.ts';
import { countFailure } from './breaker.ts';
import { afterAttempt, ended, heldBack, newDelivery, scheduled, whyNotFor } from './delivery.ts';
import { changeDelivery, createDelivery, readStoredDelivery, refOf } from './delivery-store.ts';
import { disableGone } from './disable.ts';
import type { Attempt, Delivery, Webhook } from './documents.ts';
import { readHook } from './hooks.ts';
import { sendAt } from './messages.ts';
import type { PipelinePorts } from './ports.ts';

/** Sends the message for a delivery's next attempt. One more than needed does no harm. */
export async function sendNext(ports: PipelinePorts, { name, deliveryId, attempted, dueAt }: Delivery): Promise<void> {
  if (dueAt === undefined) return;
  await sendAt(
    ports.queues,
    { do: 'attempt', name, deliveryId, number: attempted + 1 },
    new Date(dueAt),
    ports.clock.now(),
  );
}

/**
 * Records the outcome of an attempt, then acts on it: a crash in between leaves a delivery that says when it is due,
 * and the sweep finds it. `known` is absent for a delivery that is not written yet. Throws `StoreFailure`.
 */
export async function recordAttempt(
  ports: PipelinePorts,
  hook: Webhook,
  delivery: Delivery,
  attempt: Attempt,
  known?: Stored<Delivery>,
): Promise<Delivery | undefined> {
  const now = ports.clock.now();
  const verdict = verdictOf(attempt, now);
  if (verdict.is === 'gone') await disableGone(ports, hook);
  const after = (before: Delivery) => afterAttempt(before, attempt, verdict, hook, now);
  const created = known === undefined ? await createDelivery(ports.documents, after(delivery)) : undefined;
  // The process that wrote it first has made an attempt too: both are in its log.
  const before =
    known ?? (created === undefined ? await readStoredDelivery(ports.documents, refOf(delivery)) : undefined);
  const written = before === undefined ? created : await changeDelivery(ports.documents, before, after);
  if (written !== undefined) await sendNext(ports, written.document);
  if (verdict.is === 'failed' && attempt.cause !== 'ping') await countFailure(ports, hook, inWords(attempt));
  return written?.document;
}

/**
 * Leaves a delivery to the breaker, or gives it a message when there is nothing to wait for any more. Throws
 * `StoreFailure`.
 */
export async function leaveToBreaker(ports: PipelinePorts, known: Stored<Delivery>): Promise<void> {
  // A delivery that somebody else has written since has a message that checks again.
  const held = await changeDelivery(ports.documents, known, (delivery) =>
    delivery === known.document ? heldBack(delivery) : undefined,
  );
  if (held !== undefined) await recheck(ports, held);
}

/** Leaves a new delivery of an event, which is not written yet, to the breaker. */
export async function beginHeldBack(
  ports: PipelinePorts,
  hook: Webhook,
  event: NonNullable<Delivery['event']>,
): Promise<void> {
  const created = await createDelivery(ports.documents, heldBack(newDelivery(hook, event, ports.clock.now())));
  if (created !== undefined) await recheck(ports, created);
}

/**
 * Checks a held-back delivery again: the breaker may have closed, and read for the last time, before it was written.
 * The breaker clears the webhook before it reads: so either it finds the delivery, or this finds the webhook cleared.
 */
export async function recheck(ports: PipelinePorts, held: Stored<Delivery>): Promise<void> {
  const { registry, name } = held.document;
  const hook = await readHook(ports.documents, registry, name);
  const now = ports.clock.now();
  const whyNot = whyNotFor(held.document, hook);
  if (whyNot === undefined && hook?.brokenSince !== undefined) return;
  const next = (delivery: Delivery) =>
    whyNot === undefined ? scheduled(delivery, now) : ended(delivery, 'cancelled', whyNot, now);
  const changed = await changeDelivery(ports.documents, held, (delivery) =>
    delivery.heldBack === true ? next(delivery) : undefined,
  );
  if (changed !== undefined) await sendNext(ports, changed.document);
}
