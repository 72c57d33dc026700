import type { Container } from '../catalog/container.ts';
import { withLsn } from '../items/document.ts';
import type { KeyScope } from '../partition-key.ts';
import { keyColumns } from '../partition-key.ts';
import { badRequest, notImplemented } from '../refusal.ts';
import { queryCharge } from '../request-charge.ts';
import type { ItemTable } from '../store/item-table.ts';
import type { Emulation, Region, View } from './emulation.ts';
import { viewOf } from './emulation.ts';
import type { Reply, ServiceRequest } from './exchange.ts';
import { header, reply, sessionHeaders } from './exchange.ts';
import { assertWholeRange, feedBody, pageSize, scopeOf } from './query-routes.ts';

/** The place of a reader: it has seen everything up to `lsn`, and wants nothing from before `since` (seconds). */
interface Start {
  readonly lsn: number;
  readonly since: number;
}

function startOf(request: ServiceRequest, current: number): Start {
  const seen = header(request, 'if-none-match');
  const since = header(request, 'if-modified-since');
  const seconds = since === undefined ? 0 : Math.floor(Date.parse(since) / 1000);
  if (Number.isNaN(seconds)) throw badRequest('If-Modified-Since is not a date.');
  if (seen === undefined) return { lsn: 0, since: seconds };
  if (seen === '*') return { lsn: current, since: 0 };
  const lsn = /^"?(\d+)"?$/.exec(seen)?.[1];
  if (lsn === undefined) throw badRequest('If-None-Match of a change feed is "*" or an etag that a change feed gave.');
  return { lsn: Number(lsn), since: seconds };
}

interface ChangedRow {
  readonly body: string;
  readonly lsn: number;
}

/** The latest version of each item that changed, oldest change first. Expired items are gone, not changed. */
function changes(items: ItemTable, scope: KeyScope, start: Start, now: number, limit: number): ChangedRow[] {
  const columns = ['p1', 'p2', 'p3'].slice(0, scope.length);
  const index = items.indexes.indexOn([...columns, 'lsn'].map((name) => ({ name, descending: false })));
  const fixed = columns.map((name) => `${name} = ? AND `).join('');
  const sql = `SELECT body, lsn FROM ${items.name} INDEXED BY ${index}
    WHERE ${fixed}lsn > ? AND ts >= ? AND (expires IS NULL OR expires > ?) ORDER BY lsn LIMIT ?`;
  const key = keyColumns(scope).slice(0, scope.length);
  return items.statement(sql).all(...key, start.lsn, start.since, now, limit) as unknown as ChangedRow[];
}

/** The etag is the place to go on from: the last change of this page, or all there is when the page is empty. */
function feedReply(container: Container, rows: readonly ChangedRow[], view: View): Reply {
  const etag = `"${rows.at(-1)?.lsn ?? view.lsn}"`;
  const documents = rows.map(({ body, lsn }) => withLsn(body, lsn));
  const body = documents.length === 0 ? undefined : feedBody(container, documents);
  return reply(documents.length === 0 ? 304 : 200, body, queryCharge(documents.length, body?.length ?? 0), {
    etag,
    'x-ms-item-count': String(documents.length),
    ...sessionHeaders(container, view.lsn),
  });
}

/** `GET …/docs` with `A-IM: Incremental feed`. Deletions are not part of this feed. */
export function changeFeedRoute(
  emulation: Emulation,
  region: Region,
  request: ServiceRequest,
  container: Container,
): Reply {
  const mode = header(request, 'a-im');
  if (mode?.toLowerCase() !== 'incremental feed') throw notImplemented(`the change feed mode '${mode ?? ''}'`);
  assertWholeRange(request);
  const scope = scopeOf(request, container);
  const view = viewOf(region, container, request);
  const rows = changes(view.items, scope, startOf(request, view.lsn), emulation.now(), pageSize(request));
  return feedReply(container, rows, view);
}
