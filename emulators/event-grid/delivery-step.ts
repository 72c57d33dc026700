import type { Dispatcher } from 'undici';
import type { AttemptResult } from './attempt.ts';
import { attemptDelivery } from './attempt.ts';
import type { DeadLetterSink } from './dead-letter.ts';
import { deadLetter } from './dead-letter.ts';
import { deliveryHeaders } from './delivery-request.ts';
import type { GiveUp } from './retry-schedule.ts';
import { DEAD_LETTER_DELAY_MS, DEAD_LETTER_PATIENCE_MS, DEAD_LETTER_RETRY_MS, nextStep } from './retry-schedule.ts';
import type { PendingDelivery, StateFile } from './state-file.ts';
import type { Subscription } from './subscription.ts';

/** The parts of the topic that deliveries need. */
export interface DeliveryContext {
  readonly state: StateFile;
  readonly functionsBaseUrl: () => string | undefined;
  readonly functionsKey: string | undefined;
  readonly deadLetter: DeadLetterSink | undefined;
  /** Divides every wait of the retry schedule, the time to live and the dead-letter delay. */
  readonly timeScale: number;
  readonly responseTimeoutMs: number;
  readonly log: (line: string) => void;
  readonly now: () => number;
}

/** One due delivery, and what its next step may use. */
export interface DueDelivery {
  readonly subscription: Subscription;
  readonly delivery: PendingDelivery;
  readonly url: string;
  readonly http: Dispatcher;
  readonly stop: AbortSignal;
  readonly context: DeliveryContext;
}

/**
 * Takes a due delivery one step further: an attempt, or the dead letter once it was given up. Records what came of it.
 */
export async function advance(due: DueDelivery): Promise<void> {
  const { delivery, context } = due;
  if (delivery.givenUp !== null) await writeDeadLetter(due);
  else if (delivery.expires <= context.now())
    giveUp(due, delivery, { reason: 'TimeToLiveExceeded', due: context.now() });
  else await attempt(due);
}

async function attempt(due: DueDelivery): Promise<void> {
  const { delivery, context } = due;
  const result = await attemptDelivery({
    ...due,
    headers: deliveryHeaders(due.subscription, delivery),
    body: delivery.json,
    timeoutMs: context.responseTimeoutMs,
  });
  if (result === undefined) return;
  if (result.outcome === 'Delivered') context.state.remove(due.subscription.name, delivery.event);
  else recordFailure(due, result);
}

function recordFailure(due: DueDelivery, result: AttemptResult): void {
  const { subscription, delivery, context } = due;
  const at = context.now();
  const attempts = delivery.attempts + 1;
  const tried = {
    ...delivery,
    attempts,
    lastAttempt: at,
    lastOutcome: result.outcome,
    lastStatus: result.status ?? null,
  };
  const failed = { status: result.status, outcome: result.outcome, attempts, at, expires: delivery.expires };
  const step = nextStep(subscription, failed, context.timeScale);
  const allowed = subscription.retryPolicy.maxDeliveryAttempts;
  const what = `${label(due)} failed (${result.detail}), attempt ${attempts} of ${allowed}`;
  if (step.kind === 'retry') {
    context.state.update(subscription.name, delivery.event, { ...tried, due: step.due });
    context.log(`${what}; next in ${Math.round((step.due - at) / 1000)} s.`);
  } else {
    context.log(`${what}.`);
    giveUp(due, tried, step);
  }
}

function giveUp(
  due: DueDelivery,
  tried: PendingDelivery,
  { reason, due: letterDue }: Pick<GiveUp, 'reason' | 'due'>,
): void {
  const { subscription, delivery, context } = due;
  if (subscription.deadLetter === undefined || context.deadLetter === undefined) {
    drop(due, `given up (${reason}), and it has no dead-letter destination`);
    return;
  }
  context.state.update(subscription.name, delivery.event, { ...tried, givenUp: reason, due: letterDue });
  context.log(
    `${label(due)} given up (${reason}); it goes to the dead letters in "${subscription.deadLetter.container}".`,
  );
}

function drop(due: DueDelivery, why: string): void {
  due.context.state.remove(due.subscription.name, due.delivery.event);
  due.context.log(`${label(due)} dropped: ${why}.`);
}

async function writeDeadLetter(due: DueDelivery): Promise<void> {
  const { subscription, delivery, context } = due;
  const container = subscription.deadLetter?.container;
  if (container === undefined || context.deadLetter === undefined) {
    drop(due, 'its dead-letter destination was taken away');
    return;
  }
  try {
    await context.deadLetter(deadLetter(subscription.name, container, delivery, context.now()));
  } catch (error) {
    postponeDeadLetter(due, (error as Error).message);
    return;
  }
  context.state.remove(subscription.name, delivery.event);
}

function postponeDeadLetter(due: DueDelivery, why: string): void {
  const { subscription, delivery, context } = due;
  const now = context.now();
  // The time at which the letter was first due is not kept; the last attempt and the delay after it give it.
  const since = (delivery.lastAttempt ?? delivery.expires) + DEAD_LETTER_DELAY_MS / context.timeScale;
  if (now - since >= DEAD_LETTER_PATIENCE_MS / context.timeScale) {
    drop(due, `its dead letter could not be written for four hours (${why})`);
    return;
  }
  context.state.update(subscription.name, delivery.event, {
    ...delivery,
    due: now + DEAD_LETTER_RETRY_MS / context.timeScale,
  });
  context.log(`${label(due)}: its dead letter could not be written (${why}); it is tried again.`);
}

function label({ subscription, delivery }: DueDelivery): string {
  const { id } = JSON.parse(delivery.json) as { id: string };
  return `Event ${id} for "${subscription.name}"`;
}
