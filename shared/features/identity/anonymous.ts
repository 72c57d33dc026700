import { Cached } from '../../core/documents/cached.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { ReadDocument } from '../../core/ports/documents.ts';
import type { Grants } from './grants.ts';
import { anonymousGrants } from './resolve.ts';

/** An instance uses what it last read for so many milliseconds: a change elsewhere is seen as late. */
const freshMs = 30_000;

/** The grants of everyone, read from the store at most every half minute. */
export class AnonymousGrants {
  readonly #documents: ReadDocument;
  readonly #registry: RegistryName;
  readonly #known: Cached<Grants>;

  constructor(
    { documents, clock }: { readonly documents: ReadDocument; readonly clock: Clock },
    registry: RegistryName,
  ) {
    this.#documents = documents;
    this.#registry = registry;
    this.#known = new Cached({ clock, freshMs });
  }

  /**
   * Returns the grants. Throws `StoreFailure` when they are too old and the store does not answer: what was open may be
   * closed by now.
   */
  read(): Promise<Grants> {
    return this.#known.get(this.#registry, () => anonymousGrants(this.#documents, this.#registry));
  }

  /** Forgets the grants, because this instance has just changed them. */
  forget(): void {
    this.#known.forget();
  }
}
