import { LRUCache } from 'lru-cache';
import { readStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { ReadDocument } from '../../core/ports/documents.ts';
import { atMost } from '../../core/rules/at-most.ts';
import type { TokenDocument } from './documents.ts';
import { namedRef, tokenDocumentSchema } from './documents.ts';

/**
 * A wrong password is wrong without another read for so many milliseconds: a new one that was made elsewhere is known
 * as late.
 */
const freshMs = 1_000;
const maxKnown = 10_000;

/**
 * The named tokens that this instance has lately read, so that guesses at one name cost a read a second, however many
 * they are.
 */
export class TokenDocuments {
  readonly #ports: { readonly documents: ReadDocument; readonly clock: Clock };
  readonly #registry: RegistryName;
  readonly #known = new LRUCache<string, { readonly document: TokenDocument | undefined; readonly at: number }>(
    atMost(maxKnown),
  );
  #generation = 0;

  constructor(ports: { readonly documents: ReadDocument; readonly clock: Clock }, registry: RegistryName) {
    this.#ports = ports;
    this.#registry = registry;
  }

  /** Says whether there was such a token when it was last read. A made-up name is none, however often it is sent. */
  has(name: string): boolean {
    return this.#known.get(name)?.document !== undefined;
  }

  /** Returns the token if it was read a moment ago; `undefined` when it was not. */
  recent(name: string): { readonly document: TokenDocument | undefined } | undefined {
    const known = this.#known.get(name);
    return known !== undefined && this.#ports.clock.now().getTime() - known.at < freshMs ? known : undefined;
  }

  /** Reads the token as it is stored now. Throws `StoreFailure`. */
  async read(name: string): Promise<TokenDocument | undefined> {
    const generation = this.#generation;
    const at = this.#ports.clock.now().getTime();
    const document = (
      await readStored(this.#ports.documents, tokenDocumentSchema, namedRef(this.#registry, 'token', name))
    )?.document;
    if (generation === this.#generation) this.#known.set(name, { document, at });
    return document;
  }

  /** Forgets all tokens, because this instance has just changed something. */
  forget(): void {
    this.#known.clear();
    this.#generation += 1;
  }
}
