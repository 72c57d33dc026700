import type { Json } from '../json.ts';
import { parseJson } from '../json.ts';
import type { KeyScope } from '../partition-key.ts';
import { queryCharge } from '../request-charge.ts';
import type { ItemTable } from '../store/item-table.ts';
import { aggregate, aggregateResult, aggregatesOf, assertPlainAggregate, countsItems } from './aggregate.ts';
import type { Aggregate, Expression, Query, Selection } from './ast.ts';
import { splitFilter } from './constraint.ts';
import type { Progress } from './continuation.ts';
import { BEGINNING, readContinuation, writeContinuation } from './continuation.ts';
import { isTrue } from './evaluate.ts';
import { project, selectsItem } from './projection.ts';
import type { Position } from './scan.ts';
import { Scan } from './scan.ts';

/** The service ends a page here, however many items were asked for. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;

export interface QueryRequest {
  readonly items: ItemTable;
  readonly scope: KeyScope;
  readonly query: Query;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly maxItems: number;
  /** The query's fingerprint, and the token with it if this is not the first page. */
  readonly identity: string;
  readonly continuation: string | undefined;
}

export interface Page {
  /** JSON texts. */
  readonly documents: readonly string[];
  readonly continuation: string | undefined;
  readonly charge: number;
}

/** An item that passed the filter. */
interface Match {
  readonly body: string;
  readonly position: Position;
  /** Parsed only when something needs to look inside. */
  readonly item: () => Json;
}

/** The items that a scan finds and the rest of the filter lets through. */
class Matches {
  readonly #scan: Scan;
  readonly #residual: Expression | undefined;
  examined = 0;

  constructor(scan: Scan, residual: Expression | undefined) {
    this.#scan = scan;
    this.#residual = residual;
  }

  *items(): Generator<Json> {
    for (const { item } of this.from(undefined)) yield item();
  }

  *from(start: Position | undefined): Generator<Match> {
    for (const row of this.#scan.rows(start)) {
      this.examined += 1;
      const body = row['body'] as string;
      let parsed: Json | undefined;
      const item = (): Json => (parsed ??= parseJson(body));
      if (this.#residual === undefined || isTrue(this.#residual, item()))
        yield { body, item, position: this.#scan.positionOf(row) };
    }
  }
}

/** Runs one page of a query. */
export function runQuery(request: QueryRequest): Page {
  const { items, scope, query, now } = request;
  const { residual, ...filter } = splitFilter(query.where);
  const scan = new Scan({ items, scope, ...filter, orderBy: query.orderBy, now });
  const aggregates = aggregatesOf(query.selection);
  if (aggregates === undefined) return fillPage(request, new Matches(scan, residual));
  assertPlainAggregate(query);
  if (residual === undefined && countsItems(aggregates)) return countPage(query.selection, scan.count());
  return aggregatePage(query.selection, aggregates, new Matches(scan, residual));
}

/** The JSON text of a result; undefined for a VALUE that has none. */
function render(selection: Selection, match: Match): string | undefined {
  if (selectsItem(selection)) return match.body;
  const result = project(selection, match.item());
  return result === undefined ? undefined : JSON.stringify(result);
}

/** Items that TOP, OFFSET and LIMIT count are results: a VALUE without a value is none. */
function fillPage({ query, maxItems, identity, continuation }: QueryRequest, matches: Matches): Page {
  const start = continuation === undefined ? BEGINNING : readContinuation(identity, continuation);
  const documents: string[] = [];
  let { position, skipped, taken }: Progress = start;
  let bytes = 0;
  const page = (more: boolean): Page => ({
    documents,
    continuation: more ? writeContinuation(identity, { position, skipped, taken }) : undefined,
    charge: queryCharge(matches.examined, bytes),
  });
  if (taken === query.limit) return page(false);
  for (const match of matches.from(start.position)) {
    // One match beyond a full page is looked at: only so is it known that another page is not empty.
    if (documents.length >= maxItems || bytes >= MAX_PAGE_BYTES) return page(true);
    position = match.position;
    const document = render(query.selection, match);
    if (document === undefined) continue;
    if (skipped < query.offset) {
      skipped += 1;
      continue;
    }
    documents.push(document);
    bytes += document.length;
    taken += 1;
    if (taken === query.limit) break;
  }
  return page(false);
}

const oneResult = (result: Json | undefined): string[] => (result === undefined ? [] : [JSON.stringify(result)]);

/** The service answers a bare count from its index: it pays for the walk, not for the documents. */
function countPage(selection: Selection, count: number): Page {
  return {
    documents: oneResult(aggregateResult(selection, [count])),
    continuation: undefined,
    charge: queryCharge(count / 10, 0),
  };
}

/** The service pays for every item that it reads, and returns one document. */
function aggregatePage(selection: Selection, aggregates: readonly Aggregate[], matches: Matches): Page {
  const result = aggregateResult(selection, aggregate(aggregates, matches.items()));
  return { documents: oneResult(result), continuation: undefined, charge: queryCharge(matches.examined, 0) };
}
