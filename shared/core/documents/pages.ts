import type { z } from 'zod';
import type { DocumentQuery, Documents, QueryDocuments, VersionedDocument } from '../ports/documents.ts';
import { defined } from './defined.ts';
import type { Stored } from './stored.ts';
import { parseStored } from './stored.ts';

/**
 * Wraps queries so that an empty page is the last one. Cosmos DB may answer a query with an empty page that is not: a
 * caller that asks for one page, to see whether any such document exists or to show a client the first of them, would
 * take that for none. A page may still hold fewer documents than its limit.
 */
export function withoutEmptyPages(documents: Documents): Documents {
  return {
    readDocument: (ref) => documents.readDocument(ref),
    countDocuments: (query) => documents.countDocuments(query),
    commitDocuments: (container, partition, changes) => documents.commitDocuments(container, partition, changes),
    async queryDocuments(query) {
      let page = await documents.queryDocuments(query);
      while (page.documents.length === 0 && page.continuation !== undefined)
        page = await documents.queryDocuments({ ...query, continuation: page.continuation });
      return page;
    },
  };
}

/** A query from its beginning; `limit` is the number of documents on one page. */
export type WholeQuery = Omit<DocumentQuery, 'continuation'>;

/** A page of a query; `isLast` if no other follows. */
export interface QueryPage {
  readonly documents: readonly VersionedDocument[];
  readonly isLast: boolean;
}

/**
 * Reads the pages of a query, also empty ones. The next one is read when it is needed, so stopping early costs no more.
 * Throws `StoreFailure`.
 */
export async function* eachPage(documents: QueryDocuments, query: WholeQuery): AsyncGenerator<QueryPage> {
  const pages = pagesFrom(undefined, (continuation) =>
    documents.queryDocuments({ ...query, ...defined({ continuation }) }),
  );
  for await (const page of pages) yield { documents: page.documents, isLast: page.continuation === undefined };
}

/**
 * Reads the pages of any list that goes on by a continuation, from one of them or from the beginning. The next page is
 * read when it is needed.
 */
export async function* pagesFrom<P extends { readonly continuation?: string }>(
  continuation: string | undefined,
  read: (continuation: string | undefined) => Promise<P>,
): AsyncGenerator<P> {
  let page = await read(continuation);
  yield page;
  while (page.continuation !== undefined) {
    page = await read(page.continuation);
    yield page;
  }
}

/** Reads the documents of each page. Throws `StoreFailure`. */
export async function* pagesOf(
  documents: QueryDocuments,
  query: WholeQuery,
): AsyncGenerator<readonly VersionedDocument[]> {
  for await (const page of eachPage(documents, query)) yield page.documents;
}

/** Reads the documents of a query one by one. Throws `StoreFailure`. */
export async function* documentsOf(documents: QueryDocuments, query: WholeQuery): AsyncGenerator<VersionedDocument> {
  for await (const page of pagesOf(documents, query)) yield* page;
}

/**
 * Reads and parses the documents of a query one by one. Throws `StoreFailure`, and `UnreadableDocument` for one of
 * another shape.
 */
export async function* storedOf<T>(
  documents: QueryDocuments,
  query: WholeQuery,
  schema: z.ZodType<T>,
): AsyncGenerator<Stored<T>> {
  for await (const found of documentsOf(documents, query)) yield parseStored(schema, found, query);
}

/** Reads and parses all documents of a query. Throws as `storedOf` does. */
export function allStored<T>(documents: QueryDocuments, query: WholeQuery, schema: z.ZodType<T>): Promise<Stored<T>[]> {
  return firstOf(Infinity, storedOf(documents, query, schema));
}

/** Returns the first `most`, or as many as there are; no more pages are read than that needs. */
export async function firstOf<T>(most: number, all: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const each of all) {
    taken.push(each);
    if (taken.length >= most) break;
  }
  return taken;
}

/**
 * Reads up to the first page that holds anything, or the last one. It may hold fewer documents than its limit. Throws
 * `StoreFailure`.
 */
export async function firstFilledPage(documents: QueryDocuments, query: WholeQuery): Promise<QueryPage> {
  for await (const page of eachPage(documents, query)) if (page.documents.length > 0) return page;
  return { documents: [], isLast: true };
}

/** Reads the documents of the first page that holds any; none if nothing is found. Throws `StoreFailure`. */
export async function firstPage(documents: QueryDocuments, query: WholeQuery): Promise<readonly VersionedDocument[]> {
  return (await firstFilledPage(documents, query)).documents;
}
