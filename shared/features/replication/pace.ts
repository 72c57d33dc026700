import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Keeps the bytes of one instance's copies under a rate: each block waits until those before it have had their time.
 */
export class Pace {
  #freeAt = 0;

  /** Waits for the turn of so many bytes; without `bytesPerSecond`, it returns at once. */
  async take(bytes: number, bytesPerSecond: number | undefined): Promise<void> {
    if (bytesPerSecond === undefined) return;
    const now = performance.now();
    const startsAt = Math.max(now, this.#freeAt);
    this.#freeAt = startsAt + (bytes * 1_000) / bytesPerSecond;
    if (startsAt > now) await sleep(startsAt - now);
  }
}
