import type { Container } from '../catalog/container.ts';
import type { Json } from '../json.ts';
import type { KeyScope } from '../partition-key.ts';
import { assertKeyMatches, keyColumns } from '../partition-key.ts';
import { badRequest, conflict, notFound } from '../refusal.ts';
import { deleteCharge, readCharge, writeCharge } from '../request-charge.ts';
import type { ItemRow, ItemTable } from '../store/item-table.ts';
import type { Conditions } from './conditions.ts';
import { assertMatches } from './conditions.ts';
import type { Document } from './document.ts';
import { composeBody, parseDocument } from './document.ts';
import { expiryOf, isExpired } from './time-to-live.ts';

/** One version that came to be, or (`removed`) ceased to be. */
export interface Change {
  readonly row: ItemRow;
  readonly removed: boolean;
}

/** The context of a write, inside its transaction. */
export interface WriteContext {
  readonly container: Container;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly changed: (change: Change) => void;
}

/** The outcome of one item operation; 204 has no body. */
export interface Outcome {
  readonly status: 200 | 201 | 204 | 304;
  readonly row: ItemRow;
  readonly charge: number;
}

/** A write may clear away so many expired items to find out whether a unique key is really in use. */
const PURGE_FOR_UNIQUE = 10_000;

/** The stored item unless it has expired: until it is reaped, only the clock tells. */
function liveItem(items: ItemTable, key: KeyScope, id: string, now: number): ItemRow | undefined {
  const row = items.find(key, id);
  return row === undefined || isExpired(row, now) ? undefined : row;
}

export function existingItem(items: ItemTable, key: KeyScope, id: string, now: number): ItemRow {
  const row = liveItem(items, key, id, now);
  if (row === undefined) throw notFound();
  return row;
}

/**
 * The item's next row. A new item takes its log sequence number as its identity too: it only ever grows, so neither an
 * etag nor a `_rid` comes back after a deletion or a restart.
 */
function nextVersion(context: WriteContext, key: KeyScope, document: Document, previous: ItemRow | undefined): ItemRow {
  const { container, now } = context;
  const [p1, p2, p3] = keyColumns(key);
  const lsn = container.nextLsn();
  const ts = Math.floor(now / 1000);
  const seq = previous?.seq ?? lsn;
  const etag = container.etag(lsn, ts);
  const body = composeBody(document, { ...container.itemNames(seq), etag, ts });
  const expires = expiryOf(container.record.definition.defaultTtl, document['ttl'], now);
  return { seq, p1, p2, p3, id: document.id, body, etag, lsn, ts, expires };
}

function store(context: WriteContext, row: ItemRow, previous: ItemRow | undefined): void {
  const { items } = context.container;
  const write = (): boolean => (previous === undefined ? items.insert(row) : items.update(row)) === 'written';
  if (!write()) {
    // The other holder of the unique key may be an item that has expired and was not reaped yet.
    items.purgeExpired(context.now, PURGE_FOR_UNIQUE);
    if (!write()) throw conflict('Unique index constraint violation.');
  }
  context.changed({ row, removed: false });
}

/** Writes a new item. What expired under its id is removed first, and the new one has an identity of its own. */
function insertItem(context: WriteContext, key: KeyScope, document: Document): Outcome {
  const taken = context.container.items.find(key, document.id);
  if (taken !== undefined && !isExpired(taken, context.now)) throw conflict();
  if (taken !== undefined) context.container.items.remove(taken);
  const row = nextVersion(context, key, document, undefined);
  store(context, row, undefined);
  return { status: 201, row, charge: writeCharge(row.body.length) };
}

export function overwriteItem(context: WriteContext, key: KeyScope, document: Document, previous: ItemRow): Outcome {
  const row = nextVersion(context, key, document, previous);
  store(context, row, previous);
  // A replaced version pays for both: the old one's index entries go, the new one's come.
  return { status: 200, row, charge: writeCharge(row.body.length) + deleteCharge(previous.body.length) };
}

export function createItem(context: WriteContext, key: KeyScope, body: Json | undefined): Outcome {
  const document = parseDocument(body);
  assertKeyMatches(key, context.container.keyPaths, document);
  return insertItem(context, key, document);
}

/** `If-Match` binds an upsert only where there is an item to match: the service inserts without looking at it. */
export function upsertItem(
  context: WriteContext,
  key: KeyScope,
  body: Json | undefined,
  conditions: Conditions,
): Outcome {
  const document = parseDocument(body);
  assertKeyMatches(key, context.container.keyPaths, document);
  const previous = liveItem(context.container.items, key, document.id, context.now);
  if (previous === undefined) return insertItem(context, key, document);
  assertMatches(conditions, previous.etag);
  return overwriteItem(context, key, document, previous);
}

/** Replaces the whole document; id and partition stay, as the service cannot move an item. */
export function replaceItem(
  context: WriteContext,
  key: KeyScope,
  id: string,
  body: Json | undefined,
  conditions: Conditions,
): Outcome {
  const document = parseDocument(body);
  if (document.id !== id)
    throw badRequest('The id in the document does not match the id of the item that is replaced.');
  assertKeyMatches(key, context.container.keyPaths, document);
  const previous = existingItem(context.container.items, key, id, context.now);
  assertMatches(conditions, previous.etag);
  return overwriteItem(context, key, document, previous);
}

/** A deletion takes a number too: the read region must not show it before the writes that came earlier. */
export function deleteItem(context: WriteContext, key: KeyScope, id: string, conditions: Conditions): Outcome {
  const { items } = context.container;
  const previous = existingItem(items, key, id, context.now);
  assertMatches(conditions, previous.etag);
  items.remove(previous);
  context.changed({ row: { ...previous, lsn: context.container.nextLsn() }, removed: true });
  return { status: 204, row: previous, charge: deleteCharge(previous.body.length) };
}

export function readItem(items: ItemTable, key: KeyScope, id: string, now: number): Outcome {
  const row = existingItem(items, key, id, now);
  return { status: 200, row, charge: readCharge(row.body.length) };
}
