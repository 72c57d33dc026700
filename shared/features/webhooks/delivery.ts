import { defined } from '../../core/documents/defined.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import type { Verdict } from './attempt.ts';
import { inWords } from './attempt.ts';
import { dayOf, deliveryIdOf } from './delivery-id.ts';
import type { Attempt, Delivery, Webhook } from './documents.ts';
import { webhookKey } from './documents.ts';
import { deadlineOf, nextAttempt } from './schedule.ts';

/** More than a day of the usual schedule makes; a document holds 2 MB, and an attempt up to 30 KB. */
const keptAttempts = 40;

/** An event that is to reach a hook, and that nothing has been done for yet. */
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
    // In one form, for lists order by it as text.
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

/** What waits no more: for a message, for the breaker, or for whoever is making an attempt. */
function still({
  claim: _claim,
  nextAttemptAt: _next,
  heldBack: _held,
  because: _because,
  endedAt: _ended,
  ...delivery
}: Delivery): Delivery {
  return delivery;
}

/** A delivery after one more attempt. What the breaker's probe fails for stays held back. */
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
  const { failure: _earlier, ...kept } = still(delivery);
  const tried: Delivery = { ...kept, attempted, round: delivery.round + 1, attempts };
  if (verdict.is === 'delivered') return { ...tried, status: 'delivered', endedAt: now.toISOString() };
  if (verdict.is === 'gone') return ended(tried, 'cancelled', 'the receiver answered 410 Gone', now);
  const failed = { ...tried, failure: verdict.failure };
  if (attempt.cause === 'ping') return ended(failed, 'expired', `a ping is tried once: ${inWords(attempt)}`, now);
  const next = nextAttempt(hook, tried, now, verdict.retryAfterMs);
  if (next === undefined) return ended(failed, 'expired', `every attempt until ${delivery.deadline} failed`, now);
  return attempt.cause === 'probe' ? { ...failed, heldBack: true } : { ...failed, nextAttemptAt: next };
}

export function ended(delivery: Delivery, status: 'expired' | 'cancelled', because: string, now: Date): Delivery {
  return { ...still(delivery), status, because, endedAt: now.toISOString() };
}

/** Waiting for a message that says so. */
export function scheduled(delivery: Delivery, at: Date): Delivery {
  return { ...still(delivery), status: 'waiting', nextAttemptAt: at.toISOString() };
}

/** Waiting for the breaker. */
export function heldBack(delivery: Delivery): Delivery {
  return { ...still(delivery), heldBack: true };
}

/** Begun anew, with the log of what was before. */
export function begunAnew(delivery: Delivery, hook: Webhook, at: Date, now: Date): Delivery {
  return { ...scheduled(delivery, at), round: 0, deadline: deadlineOf(hook, now) };
}

/** Of a hook that is there and enabled, and the same as when the event came; else why it gets nothing. */
export function whyNotFor({ uid }: Pick<Delivery, 'uid'>, hook: Webhook | undefined): string | undefined {
  if (hook === undefined || hook.uid !== uid) return 'the webhook was deleted';
  return hook.status === 'disabled' ? 'the webhook is disabled' : undefined;
}
