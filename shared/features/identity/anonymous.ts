import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { ReadDocument } from '../../core/ports/documents.ts';
import type { Grants } from './grants.ts';
import { anonymousGrants } from './resolve.ts';

/** How long an instance goes by what it last read: so late is a change seen elsewhere. In milliseconds. */
const freshMs = 30_000;

/** What everyone may do, read from the store at most every half minute. */
export class AnonymousGrants {
  readonly #ports: { readonly documents: ReadDocument; readonly clock: Clock };
  readonly #registry: RegistryName;
  #known: { readonly grants: Grants; readonly at: number } | undefined;
  #reading: Promise<Grants> | undefined;

  constructor(ports: { readonly documents: ReadDocument; readonly clock: Clock }, registry: RegistryName) {
    this.#ports = ports;
    this.#registry = registry;
  }

  /**
   * Throws `StoreFailure` when it is time to look and the store does not answer: what was open may be closed by now.
   */
  async read(): Promise<Grants> {
    if (this.#known !== undefined && this.#ports.clock.now().getTime() - this.#known.at < freshMs)
      return this.#known.grants;
    this.#reading ??= this.#look().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** This instance has just changed it. */
  forget(): void {
    this.#known = undefined;
  }

  async #look(): Promise<Grants> {
    const at = this.#ports.clock.now().getTime();
    const grants = await anonymousGrants(this.#ports.documents, this.#registry);
    this.#known = { grants, at };
    return grants;
  }
}
