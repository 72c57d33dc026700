import { LRUCache } from 'lru-cache';
import { RegistryError } from '../oci/faults.ts';
import type { Clock } from '../ports/clock.ts';

interface Failures {
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly nextAt: number;
}

/** How failures slow down: `free` cost nothing, then the wait doubles from `firstMs` up to `longestMs`. */
interface Slope {
  readonly free: number;
  readonly firstMs: number;
  readonly longestMs: number;
}

/**
 * An identity's wait is short: else anyone could lock it out by guessing. An address's is long, and starts later: many
 * machines may share one.
 */
const slopes = {
  identity: { free: 5, firstMs: 500, longestMs: 30_000 },
  address: { free: 20, firstMs: 500, longestMs: 15 * 60_000 },
} as const satisfies Record<string, Slope>;

const forgetAfterMs = 60 * 60_000;
const maxRemembered = 10_000;

/** Who tries: `address` is absent where the host does not see it. */
export interface Attempt {
  readonly identity: string;
  readonly address: string | undefined;
}

/**
 * Slows guessing down, per identity and per address, in the memory of this instance: with several instances a guesser
 * gets so many tries on each. Bounded: what was least used is forgotten first.
 */
export class FailedAttempts {
  readonly #clock: Clock;
  readonly #failures: LRUCache<string, Failures>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#failures = new LRUCache({ max: maxRemembered, ttl: forgetAfterMs, perf: { now: () => clock.now().getTime() } });
  }

  /**
   * Counts a try as a failure before its outcome is known, so that tries at once do not all go first. Throws `RegistryError`
   * (`too-many-requests`) when it comes too early; it is not counted then, and the password must not be looked at.
   */
  begin(attempt: Attempt): void {
    const now = this.#clock.now().getTime();
    const waits = keysOf(attempt).map(({ key }) => (this.#failures.get(key)?.nextAt ?? 0) - now);
    const retryAfterMs = Math.max(...waits);
    if (retryAfterMs > 0) throw new RegistryError({ is: 'too-many-requests', why: 'too many wrong passwords', retryAfterMs });
    for (const { key, slope } of keysOf(attempt)) {
      const count = (this.#failures.get(key)?.count ?? 0) + 1;
      this.#failures.set(key, { count, nextAt: now + waitAfter(count, slope) });
    }
  }

  /** It was no failure. A right password clears its identity; its address only gets this one try back. */
  succeeded(attempt: Attempt): void {
    this.#failures.delete(`identity ${attempt.identity}`);
    if (attempt.address !== undefined) this.#takeBack(`address ${attempt.address}`, slopes.address);
  }

  /** Nobody knows whether it was one: a store did not answer. */
  undecided(attempt: Attempt): void {
    for (const { key, slope } of keysOf(attempt)) this.#takeBack(key, slope);
  }

  #takeBack(key: string, slope: Slope): void {
    const before = this.#failures.get(key);
    if (before === undefined) return;
    const count = before.count - 1;
    if (count <= 0) this.#failures.delete(key);
    else this.#failures.set(key, { count, nextAt: Math.min(before.nextAt, this.#clock.now().getTime() + waitAfter(count, slope)) });
  }
}

function keysOf({ identity, address }: Attempt): { key: string; slope: Slope }[] {
  const own = { key: `identity ${identity}`, slope: slopes.identity };
  return address === undefined ? [own] : [own, { key: `address ${address}`, slope: slopes.address }];
}

function waitAfter(failures: number, { free, firstMs, longestMs }: Slope): number {
  return failures <= free ? 0 : Math.min(longestMs, firstMs * 2 ** (failures - free - 1));
}
