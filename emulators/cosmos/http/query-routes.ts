import { z } from 'zod';
import type { Container } from '../catalog/container.ts';
import type { Json } from '../json.ts';
import { parseJson } from '../json.ts';
import type { KeyScope } from '../partition-key.ts';
import { parseKeyScope } from '../partition-key.ts';
import type { Query } from '../query/ast.ts';
import { fingerprint } from '../query/continuation.ts';
import { parseQuery } from '../query/parse-query.ts';
import { assertServable } from '../query/restrictions.ts';
import type { Page } from '../query/run-query.ts';
import { runQuery } from '../query/run-query.ts';
import { badRequest, notImplemented, partitionKeyMismatch } from '../refusal.ts';
import type { Emulation, Region } from './emulation.ts';
import { viewOf } from './emulation.ts';
import type { Reply, ServiceRequest } from './exchange.ts';
import { header, reply, sessionHeaders } from './exchange.ts';

const DEFAULT_PAGE = 100;

/** `x-ms-max-item-count: -1` leaves the size of a page to the emulation. */
const DYNAMIC_PAGE = 1000;

const querySpec = z.object({
  query: z.string(),
  parameters: z.array(z.object({ name: z.string(), value: z.custom<Json | undefined>().optional() })).default([]),
});

const EVERYTHING: Query = { selection: { kind: 'all' }, where: undefined, orderBy: [], limit: undefined, offset: 0 };

/** The levels that the request fixes: all, a prefix (hierarchical keys only), or none for every partition. */
export function scopeOf(request: ServiceRequest, container: Container): KeyScope {
  const text = header(request, 'x-ms-documentdb-partitionkey');
  if (text === undefined) return [];
  const scope = parseKeyScope(text);
  const isHierarchical = container.record.definition.partitionKey.kind === 'MultiHash';
  const isWhole = scope.length === container.keyPaths.length;
  if (isWhole || (isHierarchical && scope.length > 0 && scope.length < container.keyPaths.length)) return scope;
  throw partitionKeyMismatch('The partition key of the query does not fit the definition in the collection.');
}

/** A part of the one key range; the SDK asks for it to read a change feed by key prefix, and names it by hash. */
export function assertWholeRange(request: ServiceRequest): void {
  if (header(request, 'x-ms-start-epk') !== undefined)
    throw notImplemented('reads of a part of a key range (x-ms-start-epk)');
}

export function pageSize(request: ServiceRequest): number {
  const asked = Number(header(request, 'x-ms-max-item-count') ?? DEFAULT_PAGE);
  if (!Number.isInteger(asked) || asked === 0 || asked < -1) throw badRequest('x-ms-max-item-count is not valid.');
  return asked === -1 ? DYNAMIC_PAGE : asked;
}

/** A page of documents, spliced together from their stored texts. */
export function feedBody(container: Container, documents: readonly string[]): string {
  return `{"_rid":"${container.rid}","Documents":[${documents.join(',')}],"_count":${documents.length}}`;
}

function pageReply(container: Container, page: Page, lsn: number): Reply {
  return reply(200, feedBody(container, page.documents), page.charge, {
    'x-ms-item-count': String(page.documents.length),
    ...(page.continuation === undefined ? {} : { 'x-ms-continuation': page.continuation }),
    ...sessionHeaders(container, lsn),
  });
}

function answer(
  emulation: Emulation,
  region: Region,
  request: ServiceRequest,
  container: Container,
  { query, identity }: { query: Query; identity: readonly unknown[] },
): Reply {
  assertWholeRange(request);
  const scope = scopeOf(request, container);
  const { items, lsn } = viewOf(region, container, request);
  if (emulation.strict) assertServable(container.record.definition, query, scope.length === container.keyPaths.length);
  const page = runQuery({
    items,
    scope,
    query,
    now: emulation.now(),
    maxItems: pageSize(request),
    identity: fingerprint([container.rid, scope, ...identity]),
    continuation: header(request, 'x-ms-continuation'),
  });
  return pageReply(container, page, lsn);
}

/** `POST …/docs` with a query. */
export function queryRoute(emulation: Emulation, region: Region, request: ServiceRequest, container: Container): Reply {
  const spec = querySpec.safeParse(parseJson(request.body));
  if (!spec.success) throw badRequest(`The query is not valid. ${z.prettifyError(spec.error)}`);
  // JSON has no undefined: the SDK drops such a value and sends the name alone. Using it is an error of the query.
  const values = spec.data.parameters.filter(
    (given): given is { name: string; value: Json } => given.value !== undefined,
  );
  const query = parseQuery(spec.data.query, new Map(values.map(({ name, value }) => [name, value])));
  return answer(emulation, region, request, container, { query, identity: [spec.data.query, values] });
}

/** `GET …/docs`: every item. */
export function readFeedRoute(
  emulation: Emulation,
  region: Region,
  request: ServiceRequest,
  container: Container,
): Reply {
  return answer(emulation, region, request, container, { query: EVERYTHING, identity: [] });
}

/**
 * The SDK asks for a plan beside every query, and looks at the answer only when the query itself was refused as one
 * that needs merging. Over one key range nothing does, so every query arrives as it was written.
 */
export function queryPlanRoute(): Reply {
  throw badRequest('The emulator has one key range and makes no query plans.');
}
