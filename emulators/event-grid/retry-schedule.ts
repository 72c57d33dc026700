import type { Outcome } from './attempt.ts';
import type { Subscription } from './subscription.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

// "Event Grid message delivery and retry", Retry schedule. Azure adds a small random time and may skip steps for an
// endpoint that stays unhealthy; this topic does neither, so that what happens next can be told beforehand.
const WAITS_MS = [10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR];
const LAST_WAIT_MS = 12 * HOUR;
/** Response codes after which Azure waits at least so long. */
const MINIMUM_WAITS_MS: Readonly<Record<number, number>> = {
  401: 5 * MINUTE,
  404: 5 * MINUTE,
  408: 2 * MINUTE,
  503: 30 * SECOND,
};

/** Azure collects dead letters for this long before it writes them. */
export const DEAD_LETTER_DELAY_MS = 5 * MINUTE;
/** "If the dead-letter location is unavailable for four hours, the event is dropped." */
export const DEAD_LETTER_PATIENCE_MS = 4 * HOUR;
export const DEAD_LETTER_RETRY_MS = MINUTE;

const NOT_RETRIED = {
  AzureFunction: new Set([400, 403, 413]),
  WebHook: new Set([400, 401, 403, 413]),
} as const;

/** Why an event was given up, in Azure's words. */
type DeadLetterReason = 'MaxDeliveryAttemptsExceeded' | 'TimeToLiveExceeded' | `UndeliverableDueToHttp${string}`;

/** `due` is when to try again, or when the dead letter is to be written; in epoch milliseconds. */
export interface Retry {
  readonly kind: 'retry';
  readonly due: number;
}
export interface GiveUp {
  readonly kind: 'give-up';
  readonly reason: DeadLetterReason;
  readonly due: number;
}

export interface FailedAttempt {
  readonly outcome: Outcome;
  /** Undefined when no response came. */
  readonly status: number | undefined;
  /** Attempts made so far, this one included. */
  readonly attempts: number;
  readonly at: number;
  readonly expires: number;
}

/** Decides on a failed attempt by the subscription's policy. `timeScale` divides every wait. */
export function nextStep(subscription: Subscription, failed: FailedAttempt, timeScale: number): Retry | GiveUp {
  const { status, outcome, attempts, at, expires } = failed;
  const letterDue = at + DEAD_LETTER_DELAY_MS / timeScale;
  if (status !== undefined && NOT_RETRIED[subscription.destination.type].has(status)) {
    return { kind: 'give-up', reason: `UndeliverableDueToHttp${outcome}`, due: letterDue };
  }
  if (attempts >= subscription.retryPolicy.maxDeliveryAttempts) {
    return { kind: 'give-up', reason: 'MaxDeliveryAttemptsExceeded', due: letterDue };
  }
  const due = at + retryWaitMs(attempts, status) / timeScale;
  if (due < expires) return { kind: 'retry', due };
  return { kind: 'give-up', reason: 'TimeToLiveExceeded', due: Math.max(expires, letterDue) };
}

/** The unscaled wait after the given number of attempts, the last of which was answered with `status`. */
export function retryWaitMs(attempts: number, status: number | undefined): number {
  const minimum = status === undefined ? 0 : (MINIMUM_WAITS_MS[status] ?? 0);
  return Math.max(WAITS_MS[attempts - 1] ?? LAST_WAIT_MS, minimum);
}

/** Returns how long an event may wait for its delivery, in scaled milliseconds. */
export function timeToLiveMs(subscription: Subscription, timeScale: number): number {
  return (subscription.retryPolicy.eventTimeToLiveInMinutes * MINUTE) / timeScale;
}
