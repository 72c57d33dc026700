import { lifetimes } from '../lifetimes.ts';
import type { RingKey } from './document.ts';

/** The ring that an instance knows may be so many milliseconds old. */
export const ringFreshMs = 5 * 60_000;

/**
 * A new key waits so many milliseconds until every instance has read it: twice as long as an instance may go without
 * reading.
 */
export const announceMs = 2 * ringFreshMs;

/** A key signs for so many milliseconds before the next one is made. */
const rotateAfterMs = 90 * 24 * 3_600_000;

/** Returns the newest key that may sign now; `keys` are oldest first. */
export function signerOf<T extends Pick<RingKey, 'signsFrom'>>(keys: readonly T[], now: Date): T | undefined {
  return keys.findLast((key) => Date.parse(key.signsFrom) <= now.getTime());
}

export function isRotationDue(keys: readonly RingKey[], now: Date): boolean {
  const newest = keys.at(-1);
  return newest === undefined || now.getTime() - Date.parse(newest.createdAt) >= rotateAfterMs;
}

/**
 * Removes the keys whose every token has expired: a key signs until the next one does, and its last token lives on from
 * then.
 */
export function withoutOver(keys: readonly RingKey[], now: Date): RingKey[] {
  return keys.filter((_, index) => {
    const next = keys[index + 1];
    return next === undefined || now.getTime() <= Date.parse(next.signsFrom) + ringFreshMs + lifetimes.longest;
  });
}
