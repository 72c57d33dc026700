import { setTimeout as delay } from 'node:timers/promises';

/** Waits, and answers whether the whole time passed before the signal came. Never rejects. */
export async function waited(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return delay(milliseconds, true, { signal }).catch(() => false);
}
