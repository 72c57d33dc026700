import { Cached } from '../../core/documents/cached.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { ReadDocument } from '../../core/ports/documents.ts';
import type { Grants } from './grants.ts';
import { anonymousGrants } from './resolve.ts';

/** How long an instance goes by what it last read: so late is a change seen elsewhere. In milliseconds. */
const freshMs = 30_000;

/** What everyone may do, read from the store at most every half minute. */
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
   * Throws `StoreFailure` when it is time to look and the store does not answer: what was open may be closed by now.
   */
  read(): Promise<Grants> {
    return this.#known.get(this.#registry, () => anonymousGrants(this.#documents, this.#registry));
  }

  /** This instance has just changed it. */
  forget(): void {
    this.#known.forget();
  }
}
