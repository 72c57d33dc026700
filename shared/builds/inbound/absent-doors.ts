import { LRUCache } from 'lru-cache';
import type { Clock } from '../../ports/clock.ts';

/** So late is a door known that was made on another instance, and that somebody had tried before. In milliseconds. */
const freshMs = 5_000;
const maxKnown = 1_000;

/** Doors that nobody can open, as this instance has lately found: to try them again costs no look at a store. */
export class AbsentDoors {
  readonly #known: LRUCache<string, true>;

  constructor(clock: Clock) {
    this.#known = new LRUCache({ max: maxKnown, ttl: freshMs, perf: { now: () => clock.now().getTime() } });
  }

  has(door: string): boolean {
    return this.#known.has(door);
  }

  add(door: string): void {
    this.#known.set(door, true);
  }

  /** Something is about to be changed, a door's secret perhaps. */
  forget(): void {
    this.#known.clear();
  }
}
