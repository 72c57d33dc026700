import type { z } from 'zod';
import type {
  CommitDocuments,
  ContainerName,
  DocumentQuery,
  DocumentRef,
  PartitionKey,
  QueryDocuments,
  ReadDocument,
} from '../ports/documents.ts';
import { patching, removing, replacing, writing, written } from './changes.ts';
import { untilUncontended } from './contention.ts';
import { allStored, storedOf } from './pages.ts';
import type { Stored } from './stored.ts';
import { parseStored, readStored } from './stored.ts';

/** The properties that place a document in a container, as infra/cosmos-containers.json names them. */
export const partitionPaths = {
  registries: ['registry'],
  repositories: ['registry', 'repository'],
  blobs: ['digest'],
  deliveries: ['webhook', 'day'],
  builds: ['scope'],
  dependencies: ['base'],
  usage: ['registry', 'repository'],
} as const satisfies Record<ContainerName, readonly string[]>;

/** A document whose properties say in which partition of the container it lies. */
type PlacedIn<C extends ContainerName> = { readonly id: string } & Readonly<
  Record<(typeof partitionPaths)[C][number], string>
>;

export interface Declaration<C extends ContainerName, T extends PlacedIn<C>, K> {
  readonly container: C;
  readonly schema: z.ZodType<T>;
  /** Returns the partition and id of the document of a key. */
  readonly place: (key: K) => { readonly partition: PartitionKey; readonly id: string };
}

/** The condition and the order of a query over a collection. `limit` is the number of documents on one page. */
export type Which = Omit<DocumentQuery, 'container' | 'continuation' | 'limit'> & { readonly limit?: number };

export interface Page<T> {
  readonly items: readonly Stored<T>[];
  /** The place where the next page begins; absent on the last one. */
  readonly continuation?: string;
}

type Store = ReadDocument & CommitDocuments;

interface Update<T> {
  /** The document's name, for the message when others never stop writing it. */
  readonly what?: string;
  /** The document, if it has been read already. */
  readonly known?: Stored<T>;
  /** Returns the part of the document that is written. */
  readonly asStored?: (document: T) => T;
}

/** Declares the documents of one type: their schema, container, partition and id in one place. */
export function collection<C extends ContainerName, T extends PlacedIn<C>, K>(
  declaration: Declaration<C, T, K>,
): Collection<T, K> {
  return new Collection(declaration.container, declaration.schema, declaration.place);
}

/**
 * The documents of one type. A document that was read is parsed, and stands for the state that it was read in: a change
 * of it holds as long as nobody has written it since. All methods throw `StoreFailure`, those that read
 * `UnreadableDocument` too.
 */
export class Collection<T extends { readonly id: string }, K> {
  readonly container: ContainerName;
  readonly schema: z.ZodType<T>;
  readonly #place: (key: K) => { readonly partition: PartitionKey; readonly id: string };

  constructor(
    container: ContainerName,
    schema: z.ZodType<T>,
    place: (key: K) => { readonly partition: PartitionKey; readonly id: string },
  ) {
    this.container = container;
    this.schema = schema;
    this.#place = place;
  }

  ref(key: K): DocumentRef {
    return { container: this.container, ...this.#place(key) };
  }

  /** Reads one document; `undefined` when it is absent. */
  find(documents: ReadDocument, key: K): Promise<Stored<T> | undefined> {
    return readStored(documents, this.schema, this.ref(key));
  }

  /** Finds documents one by one. A page is read when it is needed, so stopping early costs no more. */
  where(documents: QueryDocuments, which: Which): AsyncGenerator<Stored<T>> {
    return storedOf(documents, { limit: 100, ...which, container: this.container }, this.schema);
  }

  /** Finds all documents that match. */
  all(documents: QueryDocuments, which: Which): Promise<Stored<T>[]> {
    return allStored(documents, { limit: 100, ...which, container: this.container }, this.schema);
  }

  /** Reads one page of a list, from the place where the page before has ended. */
  async page(
    documents: QueryDocuments,
    { continuation, ...which }: Which & { readonly limit: number; readonly continuation?: string | undefined },
  ): Promise<Page<T>> {
    const query = { ...which, container: this.container };
    const page = await documents.queryDocuments(continuation === undefined ? query : { ...query, continuation });
    const items = page.documents.map((found) => parseStored(this.schema, found, query));
    return page.continuation === undefined ? { items } : { items, continuation: page.continuation };
  }

  /** Creates a document; `undefined` if one of its id exists. */
  async create(documents: CommitDocuments, document: T): Promise<Stored<T> | undefined> {
    return this.write(documents, undefined, document);
  }

  /** Writes a document anew, or creates it if none was read; `undefined` if somebody else wrote since. */
  async write(documents: CommitDocuments, before: Stored<T> | undefined, document: T): Promise<Stored<T> | undefined> {
    const changes = [writing(before, document)];
    return written(await documents.commitDocuments(this.container, this.#partitionOf(document), changes), document);
  }

  /** Sets some properties of a document that was read; `undefined` if somebody else wrote since. */
  async patch(documents: CommitDocuments, before: Stored<T>, set: Partial<T>): Promise<Stored<T> | undefined> {
    const changes = [patching(before, set)];
    const outcome = await documents.commitDocuments(this.container, this.#partitionOf(before.document), changes);
    return written(outcome, { ...before.document, ...set });
  }

  /** Deletes a document that was read; `false` if somebody else wrote it since. */
  async remove(documents: CommitDocuments, before: Stored<T>): Promise<boolean> {
    const partition = this.#partitionOf(before.document);
    return (await documents.commitDocuments(this.container, partition, [removing(before)])).committed;
  }

  /**
   * Writes what `next` returns for a document, and calls it again as long as others write in between. Returns
   * `undefined`, and writes nothing, if the document is absent or `next` returns undefined. A document that has been
   * read may be passed as `known`. Throws `RegistryError` (`contended`) too.
   */
  async update(
    documents: Store,
    ref: DocumentRef,
    next: (before: T) => T | undefined,
    { what = `the document ${ref.id}`, known, asStored = (document) => document }: Update<T> = {},
  ): Promise<Stored<T> | undefined> {
    let stored = known;
    const outcome = await untilUncontended(what, async () => {
      stored ??= await readStored(documents, this.schema, ref);
      const document = stored === undefined ? undefined : next(stored.document);
      if (stored === undefined || document === undefined) return 'nothing';
      const changes = [replacing(stored, asStored(document))];
      stored = undefined;
      return written(await documents.commitDocuments(ref.container, ref.partition, changes), document);
    });
    return outcome === 'nothing' ? undefined : outcome;
  }

  #partitionOf(document: object): PartitionKey {
    const properties = document as Readonly<Record<string, unknown>>;
    return partitionPaths[this.container].map((path) => String(properties[path]));
  }
}
