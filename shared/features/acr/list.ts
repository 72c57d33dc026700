import type { z } from 'zod';
import { isListed } from '../../core/admission/locks.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import { repositoryDocumentSchema, repositoryRef } from '../../core/documents/repository.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { PageSizes } from '../../core/http/page.ts';
import { nextPage, pageSizeIn } from '../../core/http/page.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { isTag } from '../../core/oci/name.ts';
import type { DocumentQuery, Predicate, QueryDocuments, ReadDocument } from '../../core/ports/documents.ts';

const orders = ['none', 'timeasc', 'timedesc'] as const;
type Order = (typeof orders)[number];

export interface ListRequest {
  readonly n: number;
  /** A name or digest, or the position in the order of time that a `Link` gave. */
  readonly last: string | undefined;
  readonly order: Order;
}

/** The subject of a list: documents of one type, with which their ids and positions in time begin. */
export interface Listed<T> {
  readonly type: 'tag' | 'manifest';
  readonly schema: z.ZodType<T>;
  readonly where?: readonly Predicate[];
}

/** The properties that every listed document has. */
interface Placed {
  readonly id: string;
  readonly byTime: string;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  /** The `last` of the next page; absent on the last one. */
  readonly next?: string;
}

/** Parses the query of a list. Throws `RegistryError`: `page-size-invalid`, `request-invalid`. */
export function listRequestIn(query: URLSearchParams, sizes: PageSizes): ListRequest {
  const given = query.get('orderby') ?? '';
  const order = given === '' ? 'none' : orders.find((each) => each === given);
  if (order === undefined)
    throw new RegistryError({
      is: 'request-invalid',
      why: `orderby must be one of ${orders.join(', ')}, not "${given.slice(0, 50)}"`,
    });
  return { n: pageSizeIn(query, sizes), last: query.get('last') ?? undefined, order };
}

export function linkTo<T>(
  path: string,
  { n, order }: ListRequest,
  { next }: ListPage<T>,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return next === undefined
    ? {}
    : nextPage(path, Object.entries({ last: next, n: String(n), orderby: order === 'none' ? '' : order, ...more }));
}

type Reader = QueryDocuments & ReadDocument;

/**
 * Reads one page from the index of the requested order, without what attributes hide from lists. Throws
 * `RegistryError`: `name-unknown` if the repository does not exist, `request-invalid` for a `last` without a position.
 */
export async function listPage<T extends Placed>(
  documents: Reader,
  key: RepositoryKey,
  listed: Listed<T>,
  request: ListRequest,
): Promise<ListPage<T>> {
  const query = await queryFor(documents, key, listed, request);
  // One more than requested is read: if it exists, there is a next page.
  const wanted = request.n + 1;
  const items = (await firstOf(wanted, storedOf(documents, { ...query, limit: wanted }, listed.schema))).map(
    ({ document }) => document,
  );
  if (items.length === 0 && request.last === undefined) await requireRepository(documents, key);
  const last = items[request.n - 1];
  const shown = { items: items.slice(0, request.n) };
  return items.length > request.n && last !== undefined ? { ...shown, next: placeOf(last, listed, request) } : shown;
}

async function queryFor<T extends Placed>(
  documents: Reader,
  key: RepositoryKey,
  listed: Listed<T>,
  request: ListRequest,
): Promise<Omit<DocumentQuery, 'limit'> & { partition: readonly string[] }> {
  const path = request.order === 'none' ? 'id' : 'byTime';
  const descending = request.order === 'timedesc';
  const after =
    request.last === undefined
      ? undefined
      : await startBehind(documents, key, listed, { ...request, last: request.last });
  return {
    container: 'repositories',
    partition: partitionOf(key),
    where: [
      // There is one bound on each side, so that the index seeks to the position in the range, and never scans up to
      // it.
      {
        path,
        is: after === undefined || descending ? '>=' : '>',
        value: after === undefined || descending ? `${listed.type}:` : after,
      },
      { path, is: '<', value: after !== undefined && descending ? after : `${listed.type};` },
      isListed,
      ...(listed.where ?? []),
    ],
    orderBy: { path, direction: descending ? 'desc' : 'asc' },
  };
}

/** Returns the position of an item, without the type, which the route names. */
function placeOf(item: Placed, { type }: { readonly type: string }, { order }: ListRequest): string {
  return (order === 'none' ? item.id : item.byTime).slice(type.length + 1);
}

/** A position in time is no tag, for no tag has a colon, and no digest, for none begins with a year. */
const placeInTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z:/;

/**
 * Returns the position behind `last`. A client may also give a tag or digest in an order by time: then its position is
 * read.
 */
async function startBehind<T extends Placed>(
  documents: Reader,
  key: RepositoryKey,
  { type, schema }: Listed<T>,
  { last, order }: ListRequest & { last: string },
): Promise<string> {
  if (order === 'none' || placeInTime.test(last)) return `${type}:${last}`;
  const isName = type === 'tag' ? isTag(last) : isDigest(last);
  const found = isName
    ? await readStored(documents, schema, {
        container: 'repositories',
        partition: partitionOf(key),
        id: `${type}:${last}`,
      })
    : undefined;
  if (found === undefined)
    throw new RegistryError({
      is: 'request-invalid',
      why: `last is no ${type} of ${key.repository}: follow the Link of the page before`,
    });
  return found.document.byTime;
}

async function requireRepository(documents: ReadDocument, key: RepositoryKey): Promise<void> {
  const entry = await readStored(documents, repositoryDocumentSchema, repositoryRef(key));
  if (entry?.document.state !== 'live') throw new RegistryError({ is: 'name-unknown', name: key.repository });
}
