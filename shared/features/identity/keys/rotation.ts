import { lifetimes } from '../lifetimes.ts';
import type { RingKey } from './document.ts';

/** How old what an instance knows of the ring may be. In milliseconds. */
export const ringFreshMs = 5 * 60_000;

/**
 * A new key waits until every instance has read it: twice as long as an instance may go without looking. In
 * milliseconds.
 */
export const announceMs = 2 * ringFreshMs;

/** A key signs for so long before the next one is made. In milliseconds. */
const rotateAfterMs = 90 * 24 * 3_600_000;

/** The newest that may sign now; `keys` are oldest first. */
export function signerOf<T extends Pick<RingKey, 'signsFrom'>>(keys: readonly T[], now: Date): T | undefined {
  return keys.findLast((key) => Date.parse(key.signsFrom) <= now.getTime());
}

export function isRotationDue(keys: readonly RingKey[], now: Date): boolean {
  const newest = keys.at(-1);
  return newest === undefined || now.getTime() - Date.parse(newest.createdAt) >= rotateAfterMs;
}

/**
 * Without the keys whose every token is over: a key signs until the next one does, and its last token lives on from
 * then.
 */
export function withoutOver(keys: readonly RingKey[], now: Date): RingKey[] {
  return keys.filter((_, index) => {
    const next = keys[index + 1];
    return next === undefined || now.getTime() <= Date.parse(next.signsFrom) + ringFreshMs + lifetimes.longest;
  });
}
