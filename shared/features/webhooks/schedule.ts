import { createHash } from 'node:crypto';
import type { Delivery, Webhook } from './documents.ts';

/** The waits between attempts in seconds; the last one is repeated. */
export const usualRetrySeconds: readonly number[] = [5, 30, 120, 600, 1_800, 3_600];
export const usualGiveUpSeconds = 24 * 3_600;

/** The share by which a wait varies, either way: receivers that failed together are not tried again together. */
const jitter = 0.1;
/** The longest wait that a receiver may ask for, in milliseconds. */
const longestRetryAfterMs = 24 * 3_600_000;

type Pace = Pick<Webhook, 'retrySeconds' | 'giveUpSeconds'>;

/** Returns when a delivery that begins now is given up. */
export function deadlineOf(hook: Pace, now: Date): string {
  return new Date(now.getTime() + (hook.giveUpSeconds ?? usualGiveUpSeconds) * 1000).toISOString();
}

/**
 * Returns how long to wait after `failed` attempts of a round, in milliseconds. `salt` decides the jitter, so that
 * copies of a message agree.
 */
export function waitMs(hook: Pace, failed: number, salt: string): number {
  const waits = hook.retrySeconds ?? usualRetrySeconds;
  const seconds = waits[Math.min(failed, waits.length) - 1] ?? 0;
  return Math.round(seconds * 1000 * (1 + jitter * (2 * fraction(salt) - 1)));
}

/**
 * Returns when to try again after a failure at `now`: by the schedule or when the receiver asked for it, whichever is
 * later, and a last time at the deadline. Returns `undefined` when that has come.
 */
export function nextAttempt(
  hook: Pace,
  { deliveryId, round, attempted, deadline }: Pick<Delivery, 'deliveryId' | 'round' | 'attempted' | 'deadline'>,
  now: Date,
  retryAfterMs = 0,
): string | undefined {
  const end = Date.parse(deadline);
  if (now.getTime() >= end) return undefined;
  const wait = Math.max(waitMs(hook, round, `${deliveryId}/${attempted}`), Math.min(retryAfterMs, longestRetryAfterMs));
  return new Date(Math.min(now.getTime() + wait, end)).toISOString();
}

/** Hashes a text to a number from 0 to 1. */
function fraction(salt: string): number {
  return createHash('sha256').update(salt).digest().readUInt32BE() / 2 ** 32;
}
