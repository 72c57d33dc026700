import { defined } from '../../core/documents/defined.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import type { Verdict } from './attempt.ts';
import { inWords } from './attempt.ts';
import { dayOf, deliveryIdOf } from './delivery-id.ts';
import type { Attempt, Delivery, Webhook } from './documents.ts';
import { webhookKey } from './documents.ts';
import { deadlineOf, nextAttempt } from './schedule.ts';

/**
 * So many attempts are kept, more than a day of the usual schedule makes; a document holds 2 MB, and an attempt up to
 * 30 KB.
 */
const keptAttempts = 40;

/** Makes the delivery of an event to a webhook, before its first attempt. */
export function newDelivery(hook: Webhook, event: CloudEvent, now: Date): Delivery {
  const { registry, name, uid } = hook;
  const id = deliveryIdOf(registry, name, event);
  const { target } = event.data as { readonly target?: { readonly repository?: unknown } };
  return {
    id,
    type: 'delivery',
    schemaVersion: 1,
    webhook: webhookKey(registry, name),
    day: dayOf(event.time),
    registry,
    name,
    uid,
    deliveryId: id,
    event,
    eventId: event.id,
    eventType: event.type,
    // Times have one form, because lists order by them as text.
    eventTime: new Date(event.time).toISOString(),
    ...defined({ repository: typeof target?.repository === 'string' ? target.repository : undefined }),
    status: 'waiting',
    createdAt: now.toISOString(),
    deadline: deadlineOf(hook, now),
    round: 0,
    attempted: 0,
    attempts: [],
  };
}

/** Removes what a delivery waits for: a message, the breaker, or an attempt under way. */
function withoutWaiting({
  claim: _claim,
  dueAt: _next,
  heldBack: _held,
  because: _because,
  endedAt: _ended,
  ...delivery
}: Delivery): Delivery {
  return delivery;
}

/** Returns a delivery after one more attempt. One that fails as the breaker's probe stays held back. */
export function afterAttempt(
  delivery: Delivery,
  attempt: Attempt,
  verdict: Verdict,
  hook: Webhook,
  now: Date,
): Delivery {
  const attempted = delivery.attempted + 1;
  const attempts = [...delivery.attempts, { ...attempt, number: attempted }].slice(-keptAttempts);
  // Somebody else has ended it meanwhile: a failure changes nothing about that.
  if (delivery.status !== 'waiting' && verdict.is !== 'delivered') return { ...delivery, attempted, attempts };
  const { failure: _earlier, ...kept } = withoutWaiting(delivery);
  const tried: Delivery = { ...kept, attempted, round: delivery.round + 1, attempts };
  if (verdict.is === 'delivered') return { ...tried, status: 'delivered', endedAt: now.toISOString() };
  if (verdict.is === 'gone') return ended(tried, 'cancelled', 'the receiver answered 410 Gone', now);
  const failed = { ...tried, failure: verdict.failure };
  if (attempt.cause === 'ping') return ended(failed, 'expired', `a ping is tried once: ${inWords(attempt)}`, now);
  const next = nextAttempt(hook, tried, now, verdict.retryAfterMs);
  if (next === undefined) return ended(failed, 'expired', `every attempt until ${delivery.deadline} failed`, now);
  return attempt.cause === 'probe' ? { ...failed, heldBack: true } : { ...failed, dueAt: next };
}

export function ended(delivery: Delivery, status: 'expired' | 'cancelled', because: string, now: Date): Delivery {
  return { ...withoutWaiting(delivery), status, because, endedAt: now.toISOString() };
}

/** Makes the delivery wait for a message that is due at `at`. */
export function scheduled(delivery: Delivery, at: Date): Delivery {
  return { ...withoutWaiting(delivery), status: 'waiting', dueAt: at.toISOString() };
}

/** Makes the delivery wait for the breaker. */
export function heldBack(delivery: Delivery): Delivery {
  return { ...withoutWaiting(delivery), heldBack: true };
}

/** Begins the delivery again, with the log of its attempts. */
export function begunAnew(delivery: Delivery, hook: Webhook, at: Date, now: Date): Delivery {
  return { ...scheduled(delivery, at), round: 0, deadline: deadlineOf(hook, now) };
}

/** Says why a delivery is not attempted: its webhook must exist, be enabled, and be the same as when the event came. */
export function whyNotFor({ uid }: Pick<Delivery, 'uid'>, hook: Webhook | undefined): string | undefined {
  if (hook === undefined || hook.uid !== uid) return 'the webhook was deleted';
  return hook.status === 'disabled' ? 'the webhook is disabled' : undefined;
}
