import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/ports/clock.ts';
import type { Proof } from './identity.ts';

/** How long a password is not looked at again: so late is a change of its token seen. In milliseconds. */
const passwordFreshMs = 60_000;
const maxProofs = 10_000;

/** Whether a proof rests on a signature, which holds until its token is over, or on documents, which may change. */
export type ProofBy = 'signature' | 'documents';

/**
 * Proofs that this instance has made, so that the next request with the same credentials costs no signature and no
 * store.
 */
export class ProvenCredentials {
  readonly #clock: Clock;
  readonly #proofs = new LRUCache<string, { readonly proof: Proof; readonly until: number }>({ max: maxProofs });
  readonly #underWay = new Map<string, Promise<Proof | undefined>>();
  #generation = 0;
  /** Credentials are kept as salted hashes: whoever reads this memory elsewhere cannot look passwords up by them. */
  readonly #salt = randomBytes(16).toString('base64url');

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The proof for `header` at `host`, made by `prove` where it is not known. Requests with the same credentials at once
   * make one.
   */
  async prove(
    header: string,
    host: string,
    by: ProofBy,
    prove: () => Promise<Proof | undefined>,
  ): Promise<Proof | undefined> {
    const key = hash('sha256', `${this.#salt} ${host} ${header}`, 'base64url');
    const known = this.#proofs.get(key);
    if (known !== undefined && this.#clock.now().getTime() < known.until) return known.proof;
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const proving = this.#make(key, by, prove).finally(() => {
      if (this.#underWay.get(key) === proving) this.#underWay.delete(key);
    });
    this.#underWay.set(key, proving);
    return proving;
  }

  /** Something about identities has changed: every proof is made anew. */
  forget(): void {
    this.#proofs.clear();
    this.#underWay.clear();
    this.#generation += 1;
  }

  /** What does not hold is not remembered: it is looked at again each time, and slowed down elsewhere. */
  async #make(key: string, by: ProofBy, prove: () => Promise<Proof | undefined>): Promise<Proof | undefined> {
    const generation = this.#generation;
    const proof = await prove();
    // A proof that was under way when something changed may rest on what was before: it serves its request and no
    // other.
    if (proof === undefined || generation !== this.#generation) return proof;
    const fresh = by === 'signature' ? Infinity : this.#clock.now().getTime() + passwordFreshMs;
    this.#proofs.set(key, { proof, until: Math.min(proof.until ?? Infinity, fresh) });
    return proof;
  }
}
