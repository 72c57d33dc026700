import { Lease } from '../../core/documents/lease.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { hostOf, makeAttempt } from './attempt.ts';
import { nudgeBreaker } from './breaker.ts';
import { ended, whyNotFor } from './delivery.ts';
import { deliveryRef } from './delivery-id.ts';
import { changeDelivery, deliveries, readStoredDelivery } from './delivery-store.ts';
import type { Delivery, Webhook } from './documents.ts';
import { readHook } from './hooks.ts';
import type { AttemptMessage } from './messages.ts';
import { sendAt } from './messages.ts';
import type { PipelinePorts } from './ports.ts';
import { leaveToBreaker, recordAttempt } from './record-attempt.ts';

/**
 * A claim lasts for so many milliseconds, longer than an attempt can take: a process that has claimed a delivery for
 * longer without an outcome has died.
 */
const claimMs = 45_000;
/** The milliseconds until the next try when a host has no place. */
const busyMs = 5_000;
/** The milliseconds that clocks may differ by. */
const earlyMs = 2_000;
/**
 * An attempt that was due is made, however late an outage has made it; but a delivery that has been over for so many
 * milliseconds is given up.
 */
export const tooLateMs = 24 * 3_600_000;

/**
 * Makes the attempt that a message asks for, if it is still to be made. Every message ends in at most one other: copies
 * do not multiply. Throws `StoreFailure`: then the message is delivered again.
 */
export async function retry(ports: PipelinePorts, message: AttemptMessage): Promise<void> {
  const ref = deliveryRef(ports.registry, message.name, message.deliveryId);
  if (ref === undefined) return;
  const [known, hook] = await Promise.all([
    readStoredDelivery(ports.documents, ref),
    readHook(ports.documents, ports.registry, message.name),
  ]);
  // The attempt was made: the message is a copy, or late.
  if (known === undefined || known.document.status !== 'waiting' || known.document.attempted + 1 !== message.number)
    return;
  const now = ports.clock.now();
  const end = endOf(known.document, hook, now);
  if (end !== undefined) {
    await changeDelivery(ports.documents, known, (delivery) =>
      delivery.status === 'waiting' ? end(delivery) : undefined,
    );
    return;
  }
  const later = notBefore(known.document, message, now);
  if (later !== undefined) return sendAt(ports.queues, message, later, now);
  if (hook === undefined || (known.document.heldBack === true && message.asked !== true)) return;
  if (hook.brokenSince !== undefined && message.asked !== true) return leaveToBreaker(ports, known);
  await attemptNow(ports, hook, known, message);
}

function endOf(
  delivery: Delivery,
  hook: Webhook | undefined,
  now: Date,
): ((delivery: Delivery) => Delivery) | undefined {
  const whyNot = whyNotFor(delivery, hook);
  if (whyNot !== undefined) return (before) => ended(before, 'cancelled', whyNot, now);
  if (now.getTime() > Date.parse(delivery.deadline) + tooLateMs)
    return (before) => ended(before, 'expired', `it expired at ${delivery.deadline}`, now);
  return undefined;
}

/** Returns when to check again, if somebody makes the attempt, or it is not due. */
function notBefore({ claim, dueAt }: Delivery, { asked }: AttemptMessage, now: Date): Date | undefined {
  const claimed = claim === undefined ? undefined : new Date(claim.until);
  if (claimed !== undefined && claimed > now) return claimed;
  const due = dueAt === undefined || asked === true ? undefined : new Date(dueAt);
  return due !== undefined && due.getTime() > now.getTime() + earlyMs ? due : undefined;
}

async function attemptNow(
  ports: PipelinePorts,
  hook: Webhook,
  known: Stored<Delivery>,
  message: AttemptMessage,
): Promise<void> {
  const cause = message.asked === true ? 'redelivery' : message.number === 1 ? 'event' : 'retry';
  const done = await ports.hosts.later.within(hostOf(hook), async () => {
    const claimed = await claim(ports, known);
    if (claimed === undefined) return { attempt: undefined };
    return { claimed, attempt: await makeAttempt(ports, hook, claimed.document, cause) };
  });
  const now = ports.clock.now();
  if (done === undefined) return sendAt(ports.queues, message, new Date(now.getTime() + busyMs), now);
  // Somebody else wrote it since it was read: the message checks again.
  if (done.attempt === undefined) return sendAt(ports.queues, message, new Date(now.getTime() + 1_000), now);
  const after = await recordAttempt(ports, hook, done.claimed.document, done.attempt, done.claimed);
  if (after?.status === 'delivered' && hook.brokenSince !== undefined) await nudgeBreaker(ports, hook);
}

/** Claims a delivery for this attempt; `undefined` when somebody else wrote it since it was read. */
async function claim(ports: PipelinePorts, found: Stored<Delivery>): Promise<Stored<Delivery> | undefined> {
  const number = found.document.attempted + 1;
  const lease = await Lease.take(ports, deliveries, found, {
    ms: claimMs,
    until: (until) => ({ claim: { number, until } }),
  });
  return lease?.held;
}
