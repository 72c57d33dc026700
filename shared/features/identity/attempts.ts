import { LRUCache } from 'lru-cache';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { atMost } from '../../core/rules/at-most.ts';

interface Failures {
  readonly count: number;
  /** The time of the next try, in milliseconds since 1970. */
  readonly nextAt: number;
}

/** The first failures cost nothing, then the wait doubles up to the longest. */
const free = 5;
const firstMs = 500;
const longestMs = 30_000;

const forgetAfterMs = 60 * 60_000;
const maxRemembered = 10_000;
const maxWelcome = 1_000;

/** The kinds of secrets, by what they open. */
const kinds = ['administrator', 'token', 'door'] as const;

/** An attempt; `address` is absent where it is not known. */
export interface Attempt {
  readonly kind: (typeof kinds)[number];
  /** The name of the identity, or of what else the secret opens. */
  readonly name: string;
  readonly address: string | undefined;
}

/**
 * Slows guessing down by name and address together, so that nobody is locked out by attempts from elsewhere. It uses
 * the memory of this instance: with several, a guesser gets as many tries on each. Only failures count. The memory is
 * bounded: the least used entries are forgotten first.
 */
export class FailedAttempts {
  readonly #clock: Clock;
  /**
   * The failures of each kind apart: made-up names cost nothing, and thousands of them must not make it forget a
   * guesser at the administrator's password.
   */
  readonly #failures: ReadonlyMap<Attempt['kind'], LRUCache<string, Failures>>;
  /** The places that the right secret was shown from: a guesser behind the same address does not lock out its owner. */
  readonly #welcome = new LRUCache<string, true>(atMost(maxWelcome));

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#failures = new Map(
      kinds.map((kind) => [
        kind,
        new LRUCache({ ...atMost(maxRemembered), ttl: forgetAfterMs, perf: { now: () => clock.now().getTime() } }),
      ]),
    );
  }

  /** Returns how many failures stand against an attempt. */
  failuresOf(attempt: Attempt): number {
    return this.#of(attempt)?.count ?? 0;
  }

  /**
   * Checks, before a secret that can be guessed is checked, that the attempt need not wait. Throws `RegistryError`
   * (`too-many-requests`) if it must: but not where the address is unknown, as that wait would be everybody's.
   */
  requireTurn(attempt: Attempt): void {
    if (attempt.address !== undefined && !this.#welcome.has(keyOf(attempt))) this.requireNoWait(attempt);
  }

  /** Checks as `requireTurn` does, also for places that the right secret was shown from. */
  requireNoWait(attempt: Attempt): void {
    const waitMs = (this.#of(attempt)?.nextAt ?? 0) - this.#clock.now().getTime();
    if (attempt.address !== undefined && waitMs > 0) throw tooMany(waitMs);
  }

  /**
   * Counts a wrong secret. Throws `RegistryError` (`too-many-requests`) when it came before its time; it does not make
   * the wait longer then.
   */
  failed(attempt: Attempt): void {
    const now = this.#clock.now().getTime();
    const { count, nextAt } = this.#of(attempt) ?? { count: 0, nextAt: 0 };
    if (nextAt > now) throw tooMany(nextAt - now);
    this.#failures.get(attempt.kind)?.set(keyOf(attempt), { count: count + 1, nextAt: now + waitAfter(count + 1) });
  }

  /** Forgets the failures, because the secret was right. */
  succeeded(attempt: Attempt): void {
    this.#failures.get(attempt.kind)?.delete(keyOf(attempt));
  }

  /** Remembers the place, because the right one of the secrets that can be guessed was shown from it. */
  welcome(attempt: Attempt): void {
    this.succeeded(attempt);
    if (attempt.address !== undefined) this.#welcome.set(keyOf(attempt), true);
  }

  #of(attempt: Attempt): Failures | undefined {
    return this.#failures.get(attempt.kind)?.get(keyOf(attempt));
  }
}

function keyOf({ name, address }: Attempt): string {
  return `${name} ${address ?? ''}`;
}

function tooMany(retryAfterMs: number): RegistryError {
  return new RegistryError({
    is: 'too-many-requests',
    why: `too many wrong secrets were sent from this address: wait ${Math.ceil(retryAfterMs / 1000)} s, then send the right one`,
    retryAfterMs,
  });
}

function waitAfter(failures: number): number {
  return failures <= free ? 0 : Math.min(longestMs, firstMs * 2 ** (failures - free - 1));
}
