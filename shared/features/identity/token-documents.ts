import { LRUCache } from 'lru-cache';
import { readStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { ReadDocument } from '../../core/ports/documents.ts';
import type { TokenDocument } from './documents.ts';
import { namedRef, tokenDocumentSchema } from './documents.ts';

/**
 * So long a wrong password is wrong without another look: so late is a new one known that was made elsewhere. In
 * milliseconds.
 */
const freshMs = 1_000;
const maxKnown = 10_000;

/**
 * What this instance has lately read of named tokens, so that guesses at one name cost a read a second, however many
 * they are.
 */
export class TokenDocuments {
  readonly #ports: { readonly documents: ReadDocument; readonly clock: Clock };
  readonly #registry: RegistryName;
  readonly #known = new LRUCache<string, { readonly document: TokenDocument | undefined; readonly at: number }>({
    max: maxKnown,
  });
  #generation = 0;

  constructor(ports: { readonly documents: ReadDocument; readonly clock: Clock }, registry: RegistryName) {
    this.#ports = ports;
    this.#registry = registry;
  }

  /**
   * Whether there was such a token when it was last read. A made-up name is none, however often somebody comes with it.
   */
  has(name: string): boolean {
    return this.#known.get(name)?.document !== undefined;
  }

  /** Whether what was read a moment ago says already that it is not right: `undefined` when nothing was. */
  recent(name: string): { readonly document: TokenDocument | undefined } | undefined {
    const known = this.#known.get(name);
    return known !== undefined && this.#ports.clock.now().getTime() - known.at < freshMs ? known : undefined;
  }

  /** As it is stored now. Throws `StoreFailure`. */
  async read(name: string): Promise<TokenDocument | undefined> {
    const generation = this.#generation;
    const at = this.#ports.clock.now().getTime();
    const document = (
      await readStored(this.#ports.documents, tokenDocumentSchema, namedRef(this.#registry, 'token', name))
    )?.document;
    if (generation === this.#generation) this.#known.set(name, { document, at });
    return document;
  }

  /** This instance has just changed something. */
  forget(): void {
    this.#known.clear();
    this.#generation += 1;
  }
}
