import { allStored } from '../../../core/documents/pages.ts';
import { parseStored } from '../../../core/documents/stored.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { QueryDocuments } from '../../../core/ports/documents.ts';
import type { IssuerDocument } from '../documents.ts';
import { issuerDocumentSchema } from '../documents.ts';

/** A new issuer that was named on another instance is trusted after at most so many milliseconds. */
const freshMs = 5_000;
const pageSize = 100;

/** So many entries that name the same issuer count. */
const maxEntries = 20;

interface Ports {
  readonly documents: QueryDocuments;
  readonly clock: Clock;
}

/** The entries by the issuer that they name. */
type Known = ReadonlyMap<string, readonly IssuerDocument[]>;

/**
 * The issuers that a registry trusts, and for whom, read at most every five seconds: a token that names any other, or
 * is somebody else's, costs no read of a store.
 */
export class TrustedIssuers {
  readonly #ports: Ports;
  readonly #registry: RegistryName;
  #known: { readonly issuers: Known; readonly at: number } | undefined;
  #reading: Promise<Known> | undefined;

  constructor(ports: Ports, registry: RegistryName) {
    this.#ports = ports;
    this.#registry = registry;
  }

  /** Returns the entries that name an issuer, as they were some seconds ago. Throws `StoreFailure`. */
  async recentOf(issuer: string): Promise<readonly IssuerDocument[]> {
    return (await this.#recent()).get(issuer) ?? [];
  }

  /** Returns all entries as they were some seconds ago. Throws `StoreFailure`. */
  async allRecent(): Promise<readonly IssuerDocument[]> {
    return [...(await this.#recent()).values()].flat();
  }

  async #recent(): Promise<Known> {
    const { clock } = this.#ports;
    if (this.#known !== undefined && clock.now().getTime() - this.#known.at < freshMs) return this.#known.issuers;
    const reading = (this.#reading ??= this.#look().finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    }));
    return reading;
  }

  /** Returns the entries that name an issuer, as they are stored now. Throws `StoreFailure`. */
  async entriesOf(issuer: string): Promise<IssuerDocument[]> {
    const page = await this.#ports.documents.queryDocuments({
      container: 'registries',
      partition: [this.#registry],
      where: [
        { path: 'type', is: '=', value: 'trusted-issuer' },
        { path: 'issuer', is: '=', value: issuer },
      ],
      limit: maxEntries,
    });
    return page.documents.map(
      (found) => parseStored(issuerDocumentSchema, found, { container: 'registries' }).document,
    );
  }

  /** Forgets the entries, because this instance has just changed them. */
  forget(): void {
    this.#known = undefined;
    this.#reading = undefined;
  }

  async #look(): Promise<Known> {
    const at = this.#ports.clock.now().getTime();
    const entries = await allStored(
      this.#ports.documents,
      {
        container: 'registries',
        partition: [this.#registry],
        where: [{ path: 'type', is: '=', value: 'trusted-issuer' }],
        limit: pageSize,
      },
      issuerDocumentSchema,
    );
    const issuers = Map.groupBy(
      entries.map(({ document }) => document),
      ({ issuer }) => issuer,
    );
    this.#known = { issuers, at };
    return issuers;
  }
}
