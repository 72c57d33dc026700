import type { Container } from '../catalog/container.ts';
import type { BatchResult } from '../items/batch.ts';
import { parseBatch, runBatch } from '../items/batch.ts';
import type { Conditions } from '../items/conditions.ts';
import { isUnchanged } from '../items/conditions.ts';
import { patchItem } from '../items/patch.ts';
import type { Outcome, WriteContext } from '../items/write.ts';
import { createItem, deleteItem, readItem, replaceItem, upsertItem } from '../items/write.ts';
import { parseJson } from '../json.ts';
import type { KeyScope } from '../partition-key.ts';
import { fullKey } from '../partition-key.ts';
import { notImplemented } from '../refusal.ts';
import type { Emulation, Region } from './emulation.ts';
import { viewOf } from './emulation.ts';
import type { Reply, ServiceRequest } from './exchange.ts';
import { header, isFlagged, reply, sessionHeaders } from './exchange.ts';

const conditionsOf = (request: ServiceRequest): Conditions => ({
  ifMatch: header(request, 'if-match'),
  ifNoneMatch: header(request, 'if-none-match'),
});

const keyOf = (request: ServiceRequest, container: Container): KeyScope =>
  fullKey(container.keyPaths, header(request, 'x-ms-documentdb-partitionkey'));

/** 204 and 304 have no body; a deleted item has no etag either. */
function outcomeReply({ status, row, charge }: Outcome, container: Container, lsn: number): Reply {
  const hasBody = status === 200 || status === 201;
  const etag: Record<string, string> = status === 204 ? {} : { etag: row.etag };
  return reply(status, hasBody ? row.body : undefined, charge, { ...etag, ...sessionHeaders(container, lsn) });
}

/** The session's number is taken after the commit: it is what a later read has to have seen. */
function writeReply(emulation: Emulation, container: Container, work: (context: WriteContext) => Outcome): Reply {
  const outcome = emulation.writes.run(container, emulation.now(), work);
  return outcomeReply(outcome, container, container.lsn);
}

/** A trigger that is left out silently would change what a write means. */
function assertNoTriggers(request: ServiceRequest): void {
  const names = ['x-ms-documentdb-pre-trigger-include', 'x-ms-documentdb-post-trigger-include'];
  if (names.some((name) => header(request, name) !== undefined)) throw notImplemented('triggers');
}

/** `POST …/docs` with an item. */
export function createRoute(emulation: Emulation, request: ServiceRequest, container: Container): Reply {
  assertNoTriggers(request);
  const key = keyOf(request, container);
  const body = parseJson(request.body);
  const isUpsert = isFlagged(request, 'x-ms-documentdb-is-upsert');
  return writeReply(emulation, container, (context) =>
    isUpsert ? upsertItem(context, key, body, conditionsOf(request)) : createItem(context, key, body),
  );
}

/** `GET …/docs/{id}`; a reader that holds the version already is charged the least there is. */
export function readRoute(
  emulation: Emulation,
  region: Region,
  request: ServiceRequest,
  container: Container,
  id: string,
): Reply {
  const { items, lsn } = viewOf(region, container, request);
  const outcome = readItem(items, keyOf(request, container), id, emulation.now());
  const isHeld = isUnchanged(conditionsOf(request), outcome.row.etag);
  return outcomeReply(isHeld ? { ...outcome, status: 304, charge: 1 } : outcome, container, lsn);
}

/** `PUT`, `PATCH` and `DELETE …/docs/{id}` */
export function changeRoute(emulation: Emulation, request: ServiceRequest, container: Container, id: string): Reply {
  assertNoTriggers(request);
  const key = keyOf(request, container);
  const conditions = conditionsOf(request);
  switch (request.method) {
    case 'PUT': {
      const body = parseJson(request.body);
      return writeReply(emulation, container, (context) => replaceItem(context, key, id, body, conditions));
    }
    case 'PATCH': {
      const body = parseJson(request.body);
      return writeReply(emulation, container, (context) => patchItem(context, key, id, body, conditions));
    }
    case 'DELETE':
      return writeReply(emulation, container, (context) => deleteItem(context, key, id, conditions));
    default:
      throw notImplemented(`${request.method} on items`);
  }
}

/** Splices the stored text of the item into its result. */
function resultText({ resourceBody, ...rest }: BatchResult, isMinimal: boolean): string {
  const head = JSON.stringify(rest);
  return resourceBody === undefined || isMinimal ? head : `${head.slice(0, -1)},"resourceBody":${resourceBody}}`;
}

/**
 * `POST …/docs` with a transactional batch. The failure of an operation is no failure of the request: it is a 207, and
 * the client has to look at the results.
 */
export function batchRoute(emulation: Emulation, request: ServiceRequest, container: Container): Reply {
  if (!isFlagged(request, 'x-ms-cosmos-batch-atomic'))
    throw notImplemented('bulk operations (batches that are not atomic)');
  const key = keyOf(request, container);
  const steps = parseBatch(parseJson(request.body), request.bytes);
  const { status, results } = runBatch((work) => emulation.writes.run(container, emulation.now(), work), key, steps);
  const isMinimal = header(request, 'prefer') === 'return=minimal';
  const charge = results.reduce((sum, { requestCharge }) => sum + requestCharge, 0);
  const body = `[${results.map((result) => resultText(result, isMinimal)).join(',')}]`;
  return reply(status, body, charge, sessionHeaders(container, container.lsn));
}
