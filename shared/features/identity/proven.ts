import { hash, randomBytes } from 'node:crypto';
import { Cached } from '../../core/documents/cached.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Proof } from './identity.ts';

/** A password is not checked again for so many milliseconds: a change of its token is seen as late. */
const passwordFreshMs = 60_000;
const maxProofs = 10_000;

/** The basis of a proof: a signature, which holds until its token has expired, or documents, which may change. */
export type ProofBy = 'signature' | 'documents';

interface Proven {
  readonly proof: Proof;
  readonly by: ProofBy;
}

/**
 * The proofs that this instance has made, so that the next request with the same credentials costs no signature and no
 * store.
 */
export class ProvenCredentials {
  readonly #proofs: Cached<Proven>;
  /** Credentials are kept as salted hashes: a reader of this memory cannot look up passwords by them. */
  readonly #salt = randomBytes(16).toString('base64url');

  constructor(clock: Clock) {
    const freshMs = ({ by, proof: { until } }: Proven) =>
      Math.min(
        until === undefined ? Infinity : until - clock.now().getTime(),
        by === 'signature' ? Infinity : passwordFreshMs,
      );
    this.#proofs = new Cached({ clock, freshMs, max: maxProofs });
  }

  /**
   * Returns the proof for `header` at `host`, made by `prove` where it is not known. Requests with the same credentials
   * at once make one. A failed proof is not remembered: it is tried again each time, and slowed down elsewhere.
   */
  async prove(
    header: string,
    host: string,
    by: ProofBy,
    prove: () => Promise<Proof | undefined>,
  ): Promise<Proof | undefined> {
    const key = hash('sha256', `${this.#salt} ${host} ${header}`, 'base64url');
    const proven = await this.#proofs.get(key, async () => {
      const proof = await prove();
      return proof === undefined ? undefined : { proof, by };
    });
    return proven?.proof;
  }

  /**
   * Forgets all proofs, because something about identities has changed. One that is under way may rest on the earlier
   * state: it serves its request and no other.
   */
  forget(): void {
    this.#proofs.forget();
  }
}
