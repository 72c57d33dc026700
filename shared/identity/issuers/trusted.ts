import type { RegistryName } from '../../oci/name.ts';
import type { Clock } from '../../ports/clock.ts';
import type { QueryDocuments } from '../../ports/documents.ts';
import { parseStored } from '../../state/stored.ts';
import { issuerDocumentSchema } from '../documents.ts';
import type { IssuerDocument } from '../documents.ts';

/** So late is a new issuer trusted that was named on another instance. In milliseconds. */
const freshMs = 5_000;
const pageSize = 100;

/** How many entries may name the same issuer and count. */
const maxEntries = 20;

interface Ports {
  readonly documents: QueryDocuments;
  readonly clock: Clock;
}

/** Which issuers a registry trusts, read at most every five seconds: a token that names any other costs no look at a store. */
export class TrustedIssuers {
  readonly #ports: Ports;
  readonly #registry: RegistryName;
  #known: { readonly issuers: ReadonlySet<string>; readonly at: number } | undefined;
  #reading: Promise<ReadonlySet<string>> | undefined;

  constructor(ports: Ports, registry: RegistryName) {
    this.#ports = ports;
    this.#registry = registry;
  }

  /** Throws `StoreFailure`. */
  async has(issuer: string): Promise<boolean> {
    const { clock } = this.#ports;
    if (this.#known !== undefined && clock.now().getTime() - this.#known.at < freshMs) return this.#known.issuers.has(issuer);
    const reading = (this.#reading ??= this.#look().finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    }));
    return (await reading).has(issuer);
  }

  /** The entries that name it, as they are stored now. Throws `StoreFailure`. */
  async entriesOf(issuer: string): Promise<IssuerDocument[]> {
    const page = await this.#ports.documents.queryDocuments({
      container: 'registries',
      partition: [this.#registry],
      where: [{ path: 'type', is: '=', value: 'trusted-issuer' }, { path: 'issuer', is: '=', value: issuer }],
      limit: maxEntries,
    });
    return page.documents.map((found) => parseStored(issuerDocumentSchema, found, { container: 'registries' }).document);
  }

  /** This instance has just changed them. */
  forget(): void {
    this.#known = undefined;
    this.#reading = undefined;
  }

  async #look(): Promise<ReadonlySet<string>> {
    const at = this.#ports.clock.now().getTime();
    const issuers = new Set<string>();
    let continuation: string | undefined;
    do {
      const page = await this.#ports.documents.queryDocuments({ container: 'registries', partition: [this.#registry], where: [{ path: 'type', is: '=', value: 'trusted-issuer' }], limit: pageSize, ...(continuation === undefined ? {} : { continuation }) });
      for (const found of page.documents) issuers.add(parseStored(issuerDocumentSchema, found, { container: 'registries' }).document.issuer);
      continuation = page.continuation;
    } while (continuation !== undefined);
    this.#known = { issuers, at };
    return issuers;
  }
}
