import type { z } from 'zod';
import type { DocumentQuery, Documents, QueryDocuments, VersionedDocument } from '../ports/documents.ts';
import type { Stored } from './stored.ts';
import { parseStored } from './stored.ts';

/**
 * Cosmos DB may answer a query with an empty page that is not the last. Whoever asks for one page, to see whether there
 * is any such document or to show a client the first of them, takes that for none: so such pages are passed here, and
 * an empty page is the last. It may still hold fewer documents than its limit.
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

/** A query from its beginning; `limit` is how much one page holds. */
export type WholeQuery = Omit<DocumentQuery, 'continuation'>;

/** A page of what a query finds; `isLast` where no other follows. */
export interface QueryPage {
  readonly documents: readonly VersionedDocument[];
  readonly isLast: boolean;
}

/**
 * The pages of what a query finds, also empty ones. The next one is asked for when it is wanted, so who stops early
 * costs no more. Throws `StoreFailure`.
 */
export async function* eachPage(documents: QueryDocuments, query: WholeQuery): AsyncGenerator<QueryPage> {
  let page = await documents.queryDocuments(query);
  yield { documents: page.documents, isLast: page.continuation === undefined };
  while (page.continuation !== undefined) {
    page = await documents.queryDocuments({ ...query, continuation: page.continuation });
    yield { documents: page.documents, isLast: page.continuation === undefined };
  }
}

/** The documents of each page. Throws `StoreFailure`. */
export async function* pagesOf(
  documents: QueryDocuments,
  query: WholeQuery,
): AsyncGenerator<readonly VersionedDocument[]> {
  for await (const page of eachPage(documents, query)) yield page.documents;
}

/** What a query finds, one by one. Throws `StoreFailure`. */
export async function* documentsOf(documents: QueryDocuments, query: WholeQuery): AsyncGenerator<VersionedDocument> {
  for await (const page of pagesOf(documents, query)) yield* page;
}

/** The same, parsed. Throws `StoreFailure`, and `UnreadableDocument` for one of another shape. */
export async function* storedOf<T>(
  documents: QueryDocuments,
  query: WholeQuery,
  schema: z.ZodType<T>,
): AsyncGenerator<Stored<T>> {
  for await (const found of documentsOf(documents, query)) yield parseStored(schema, found, query);
}

/** All that a query finds. Throws as `storedOf` does. */
export function allStored<T>(documents: QueryDocuments, query: WholeQuery, schema: z.ZodType<T>): Promise<Stored<T>[]> {
  return firstOf(Infinity, storedOf(documents, query, schema));
}

/** The first `most`, or as many as there are; no more pages are read than that takes. */
export async function firstOf<T>(most: number, all: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const each of all) {
    taken.push(each);
    if (taken.length >= most) break;
  }
  return taken;
}

/** The first page that holds anything, or the last one. It may hold fewer documents than its limit. Throws `StoreFailure`. */
export async function firstFilledPage(documents: QueryDocuments, query: WholeQuery): Promise<QueryPage> {
  for await (const page of eachPage(documents, query)) if (page.documents.length > 0) return page;
  return { documents: [], isLast: true };
}

/** The documents of that page; none where nothing is found. Throws `StoreFailure`. */
export async function firstPage(documents: QueryDocuments, query: WholeQuery): Promise<readonly VersionedDocument[]> {
  return (await firstFilledPage(documents, query)).documents;
}
