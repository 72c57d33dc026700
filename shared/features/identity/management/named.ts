import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { writing } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { defined } from '../../../core/documents/defined.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { parseStored, readStored } from '../../../core/documents/stored.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { DocumentChange, Documents, JsonDocument } from '../../../core/ports/documents.ts';
import type { NamedKind } from '../documents.ts';
import { namedRef } from '../documents.ts';

export interface NamedPage<T> {
  readonly items: readonly T[];
  readonly continuation?: string;
}

type NamedDocument = JsonDocument & { readonly name: string };

/**
 * The documents of one kind of a registry, by the names that administrators gave them. All methods throw
 * `StoreFailure`.
 */
export class NamedDocuments<T extends NamedDocument> {
  readonly #documents: Documents;
  readonly #registry: RegistryName;
  readonly #kind: NamedKind;
  readonly #schema: z.ZodType<T>;

  constructor(documents: Documents, registry: RegistryName, kind: NamedKind, schema: z.ZodType<T>) {
    this.#documents = documents;
    this.#registry = registry;
    this.#kind = kind;
    this.#schema = schema;
  }

  idOf(name: string): string {
    return namedRef(this.#registry, this.#kind, name).id;
  }

  /** Reads a document. Throws `RegistryError` (`thing-unknown`) when there is none. */
  async require(name: string): Promise<T> {
    const found = await this.#read(name);
    if (found === undefined) throw this.#unknown(name);
    return found.document;
  }

  /** Reads a document; `undefined` when there is none. */
  async find(name: string): Promise<T | undefined> {
    return (await this.#read(name))?.document;
  }

  /** Lists documents in the order of their names. */
  async list(limit: number, continuation: string | undefined): Promise<NamedPage<T>> {
    const page = await this.#documents.queryDocuments({
      container: 'registries',
      partition: [this.#registry],
      where: [{ path: 'type', is: '=', value: this.#kind }],
      orderBy: { path: 'name', direction: 'asc' },
      limit,
      ...defined({ continuation }),
    });
    const items = page.documents.map((found) => parseStored(this.#schema, found, { container: 'registries' }).document);
    return { items, ...defined({ continuation: page.continuation }) };
  }

  /**
   * Writes what `next` returns for the existing document, and calls it again while others write in between. An error of
   * `next` ends it.
   */
  async write(
    name: string,
    next: (before: T | undefined) => T,
  ): Promise<{ readonly document: T; readonly created: boolean }> {
    let sent: { readonly document: T; readonly created: boolean } | undefined;
    return untilUncontended(`${this.#kind} ${name}`, async () => {
      const before = await this.#read(name);
      // The write was refused though it is stored: the answer of the first sending was lost.
      if (sent !== undefined && isDeepStrictEqual(before?.document, JSON.parse(JSON.stringify(sent.document))))
        return sent;
      const document = next(before?.document);
      sent = { document, created: before === undefined };
      const change: DocumentChange = writing(before, document);
      const outcome = await this.#documents.commitDocuments('registries', [this.#registry], [change]);
      return outcome.committed ? sent : undefined;
    });
  }

  /** Changes a document that must exist. Throws `RegistryError` (`thing-unknown`). */
  async change(name: string, next: (before: T) => T): Promise<T> {
    const { document } = await this.write(name, (before) => {
      if (before === undefined) throw this.#unknown(name);
      return next(before);
    });
    return document;
  }

  /** Deletes a document. Throws `RegistryError` (`thing-unknown`) when there is none. */
  async delete(name: string): Promise<void> {
    if ((await this.#read(name)) === undefined) throw this.#unknown(name);
    // A refusal means that it has gone meanwhile, or that the answer of the first sending was lost.
    await this.#documents.commitDocuments('registries', [this.#registry], [{ do: 'delete', id: this.idOf(name) }]);
  }

  #read(name: string): Promise<Stored<T> | undefined> {
    return readStored(this.#documents, this.#schema, namedRef(this.#registry, this.#kind, name));
  }

  #unknown(name: string): RegistryError {
    return unknownNamed(this.#kind, name);
  }
}

const codes = {
  token: 'tokenNotFound',
  'scope-map': 'scopeMapNotFound',
  'trusted-issuer': 'trustedIssuerNotFound',
} as const;

export function unknownNamed(kind: NamedKind, name: string): RegistryError {
  return new RegistryError({ is: 'thing-unknown', code: codes[kind], what: `${kind.replace('-', ' ')} "${name}"` });
}
