import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Received } from './proof.ts';

export type Proof = (received: Received) => boolean;

/** So late is a door known that was made on another instance, and that somebody had tried before. In milliseconds. */
const absentMs = 5_000;
/** So late is it known that its secret was made anew on another instance. In milliseconds. */
const presentMs = 1_000;
const maxKnown = 1_000;

/** What this instance has lately found of doors, so that to try one again costs no look at a store. */
export class KnownDoors {
  readonly #absent: LRUCache<string, true>;
  readonly #present: LRUCache<string, Proof>;

  constructor(clock: Clock) {
    const perf = { now: () => clock.now().getTime() };
    this.#absent = new LRUCache({ max: maxKnown, ttl: absentMs, perf });
    this.#present = new LRUCache({ max: maxKnown, ttl: presentMs, perf });
  }

  /** What opens it; `absent` when nothing does, `undefined` when nobody has looked. */
  find(door: string): Proof | 'absent' | undefined {
    return this.#absent.has(door) ? 'absent' : this.#present.get(door);
  }

  add(door: string, proof: Proof | undefined): void {
    if (proof === undefined) this.#absent.set(door, true);
    else this.#present.set(door, proof);
  }

  /** Something is about to be changed, a door's secret perhaps. */
  forget(): void {
    this.#absent.clear();
    this.#present.clear();
  }
}
