import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../core/ports/clock.ts';
import { atMost } from '../../../core/rules/at-most.ts';
import type { Received } from './proof.ts';

export type Proof = (received: Received) => boolean;

/**
 * So many milliseconds pass before a door is known that was created on another instance after somebody had tried it
 * here.
 */
const absentMs = 5_000;
/** So many milliseconds pass before it is known that its secret was replaced on another instance. */
const presentMs = 1_000;
const maxKnown = 1_000;

/** The doors that this instance has lately read, so that to try one again costs no read of a store. */
export class KnownDoors {
  readonly #absent: LRUCache<string, true>;
  readonly #present: LRUCache<string, Proof>;

  constructor(clock: Clock) {
    const perf = { now: () => clock.now().getTime() };
    this.#absent = new LRUCache({ ...atMost(maxKnown), ttl: absentMs, perf });
    this.#present = new LRUCache({ ...atMost(maxKnown), ttl: presentMs, perf });
  }

  /** Returns the proof that opens a door; `absent` if none does, `undefined` if it has not been read. */
  find(door: string): Proof | 'absent' | undefined {
    return this.#absent.has(door) ? 'absent' : this.#present.get(door);
  }

  add(door: string, proof: Proof | undefined): void {
    if (proof === undefined) this.#absent.set(door, true);
    else this.#present.set(door, proof);
  }

  /** Forgets all doors: something is about to be changed, perhaps the secret of one. */
  forget(): void {
    this.#absent.clear();
    this.#present.clear();
  }
}
