import type { Clock } from '../ports/clock.ts';
import type { CommitDocuments } from '../ports/documents.ts';
import type { Collection } from './collection.ts';
import type { Stored } from './stored.ts';

interface LeasePorts {
  readonly documents: CommitDocuments;
  readonly clock: Clock;
}

/** The time for which the holder may be silent before somebody else takes over, and the properties that hold it. */
export interface LeaseTerms<T> {
  readonly ms: number;
  /** The milliseconds between renewals while work goes on; absent, a quarter of `ms`. */
  readonly renewMs?: number;
  readonly until: (time: string) => Partial<T>;
}

/** Returns the time at which a lease that is acquired or renewed now runs out. */
export function leaseEnd(now: Date, ms: number): string {
  return new Date(now.getTime() + ms).toISOString();
}

/** Says whether a lease that runs until then is still held by somebody. */
export function isHeld(until: string | undefined, now: Date): boolean {
  return until !== undefined && Date.parse(until) > now.getTime();
}

/**
 * The right to work on a stored document, for a time and as long as nobody else writes it. It is renewed while the work
 * takes long; when somebody else has taken over, `signal` aborts and nothing is written any more.
 */
export class Lease<T extends { readonly id: string }> {
  readonly #ports: LeasePorts;
  readonly #collection: Collection<T, never>;
  readonly #terms: LeaseTerms<T>;
  readonly #lost = new AbortController();
  #held: Stored<T>;
  /** Writes wait for each other: each needs the state that the one before has left. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(ports: LeasePorts, collection: Collection<T, never>, held: Stored<T>, terms: LeaseTerms<T>) {
    this.#ports = ports;
    this.#collection = collection;
    this.#held = held;
    this.#terms = terms;
  }

  /**
   * Acquires the lease on a document that was read, and sets `set` with it; `undefined` if somebody else was faster.
   */
  static async take<T extends { readonly id: string }>(
    ports: LeasePorts,
    collection: Collection<T, never>,
    before: Stored<T>,
    terms: LeaseTerms<T>,
    set: Partial<T> = {},
  ): Promise<Lease<T> | undefined> {
    const until = terms.until(leaseEnd(ports.clock.now(), terms.ms));
    const held = await collection.patch(ports.documents, before, { ...until, ...set });
    return held === undefined ? undefined : new Lease(ports, collection, held, terms);
  }

  /** Returns the document as this holder has left it. */
  get held(): Stored<T> {
    return this.#held;
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Sets properties; `false` if somebody else has taken over. Throws `StoreFailure`. */
  write(set: Partial<T>): Promise<boolean> {
    return this.#inTurn(async () => {
      const next = await this.#collection.patch(this.#ports.documents, this.#held, set);
      if (next !== undefined) this.#held = next;
      return next !== undefined;
    });
  }

  /** Writes the whole document, which may end the lease; `false` as in `write`. Throws `StoreFailure`. */
  replace(document: T): Promise<boolean> {
    return this.#inTurn(async () => {
      const next = await this.#collection.write(this.#ports.documents, this.#held, document);
      if (next !== undefined) this.#held = next;
      return next !== undefined;
    });
  }

  /** Deletes the document; `false` as in `write`. Throws `StoreFailure`. */
  remove(): Promise<boolean> {
    return this.#inTurn(() => this.#collection.remove(this.#ports.documents, this.#held));
  }

  /** Renews the lease; `false` as in `write`. Throws `StoreFailure`. */
  renew(set: Partial<T> = {}): Promise<boolean> {
    return this.write({ ...this.#terms.until(leaseEnd(this.#ports.clock.now(), this.#terms.ms)), ...set });
  }

  /** Renews the lease again and again while `work` runs. */
  async keptDuring<R>(work: () => Promise<R>): Promise<R> {
    const timer = setInterval(
      () => {
        // A renewal that fails is followed by another in time.
        this.renew().catch(() => undefined);
      },
      this.#terms.renewMs ?? this.#terms.ms / 4,
    );
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }

  #inTurn(write: () => Promise<boolean>): Promise<boolean> {
    const done = this.#last.then(async () => {
      if (this.signal.aborted) return false;
      const isHeld = await write();
      if (!isHeld) this.#lost.abort();
      return isHeld;
    });
    this.#last = done.catch(() => undefined);
    return done;
  }
}
