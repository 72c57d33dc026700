import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { HashPassword } from '../../core/ports/passwords.ts';
import { atMost } from '../../core/rules/at-most.ts';
import type { Attempt, FailedAttempts } from './attempts.ts';
import { FairQueue } from './fair-queue.ts';
import { sameHash } from './password.ts';

const maxKnown = 10_000;

/**
 * Checks passwords against hashes by scrypt. A derivation is expensive, so one runs at a time and callers who have not
 * failed go first. A hash whose password was shown once is checked without one: a password with another keyed hash than
 * the right one is wrong.
 */
export class SlowHashes {
  readonly #attempts: FailedAttempts;
  readonly #passwords: HashPassword;
  readonly #queue = new FairQueue();
  /** The right password's keyed hash, by the stored hash. The key never leaves this process. */
  readonly #known = new LRUCache<string, string>(atMost(maxKnown));
  readonly #key = randomBytes(32);

  constructor(attempts: FailedAttempts, passwords: HashPassword) {
    this.#attempts = attempts;
    this.#passwords = passwords;
  }

  /**
   * Finds the hash of the password; `undefined` when none is, and then that is counted. Throws `RegistryError`
   * (`too-many-requests`) for failures that come too fast, and when too many wait.
   */
  async find(hashes: readonly string[], salt: string, password: string, attempt: Attempt): Promise<string | undefined> {
    const keyed = createHmac('sha256', this.#key).update(password).digest('base64url');
    const right = hashes.find((hash) => sameHash(this.#known.get(hash) ?? '', keyed));
    if (right !== undefined) return right;
    const unknown = hashes.filter((hash) => !this.#known.has(hash));
    if (unknown.length > 0) return this.#derive(unknown, salt, password, keyed, attempt);
    this.#attempts.failed(attempt);
    return undefined;
  }

  #derive(
    hashes: readonly string[],
    salt: string,
    password: string,
    keyed: string,
    attempt: Attempt,
  ): Promise<string | undefined> {
    let restMs = 0;
    const job = async () => {
      // If many were sent at once, those before it may have failed meanwhile.
      this.#attempts.requireNoWait(attempt);
      const started = performance.now();
      const derived = await this.#passwords.hashPassword(password, salt);
      const right = hashes.find((hash) => sameHash(derived, hash));
      if (right !== undefined) this.#known.set(right, keyed);
      else {
        // At most half of a core is spent on a caller who fails again and again.
        if (this.#attempts.failuresOf(attempt) > 0) restMs = performance.now() - started;
        this.#attempts.failed(attempt);
      }
      return right;
    };
    return this.#queue.run(
      attempt.address ?? `unknown ${attempt.name}`,
      () => this.#attempts.failuresOf(attempt),
      job,
      async () => {
        if (restMs > 0) await sleep(restMs);
      },
    );
  }
}
