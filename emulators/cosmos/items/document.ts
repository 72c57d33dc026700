import type { Json, JsonObject } from '../json.ts';
import { isJsonObject } from '../json.ts';
import { badRequest, tooLarge } from '../refusal.ts';

/** The service's limit on an item, as UTF-8 bytes of its JSON. */
export const MAX_ITEM_BYTES = 2 * 1024 * 1024;

/** The service's limit on an id, in bytes. */
const MAX_ID_BYTES = 1023;

/** The service's limit on nesting. It also keeps items within what SQLite's JSON functions can read. */
const MAX_DEPTH = 128;

/** An item as a client sends it: an object with a usable id. */
export type Document = JsonObject & { id: string };

function assertId(id: Json | undefined): asserts id is string {
  if (id === undefined || id === '') {
    throw badRequest("The input content is invalid because the required properties - 'id; ' - are missing");
  }
  if (typeof id !== 'string') throw badRequest('The id of an item must be a string.');
  // An id is a path segment of the item's URL: these four cannot be addressed there.
  if (/[/\\?#]/.test(id)) throw badRequest(`The id '${id}' is invalid: it may not hold '/', '\\', '?' or '#'.`);
  if (Buffer.byteLength(id) > MAX_ID_BYTES) throw badRequest(`The id is longer than ${MAX_ID_BYTES} bytes.`);
}

function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner: Json) => isDeeper(inner, levels - 1));
}

/** Checks what a client sends: an object, with an id, and no deeper than the service takes. */
export function parseDocument(body: Json | undefined): Document {
  if (!isJsonObject(body)) throw badRequest('An item must be a JSON object.');
  assertId(body['id']);
  if (isDeeper(body, MAX_DEPTH)) throw badRequest(`The item is nested deeper than ${MAX_DEPTH} levels.`);
  return body as Document;
}

export interface SystemProperties {
  readonly rid: string;
  readonly self: string;
  readonly etag: string;
  /** Seconds since the epoch. */
  readonly ts: number;
}

const SYSTEM = ['_rid', '_self', '_etag', '_attachments', '_ts', '_lsn'] as const;

/** The names that a patch may not touch: the identity, and what the service itself writes. */
export const READ_ONLY = new Set<string>(['id', ...SYSTEM]);

const isSystem = (key: string): boolean => (SYSTEM as readonly string[]).includes(key);

/** Drops the properties that the service writes itself and a client sends back of an earlier read. */
function withoutSystem(document: Document): JsonObject {
  if (!SYSTEM.some((key) => key in document)) return document;
  return Object.fromEntries(Object.entries(document).filter(([key]) => !isSystem(key)));
}

/** The text that is stored and answered. Reads send it as it is: parsing it again would be most of their cost. */
export function composeBody(document: Document, system: SystemProperties): string {
  const own = JSON.stringify(withoutSystem(document)).slice(0, -1);
  const etag = JSON.stringify(system.etag);
  const body = `${own},"_rid":"${system.rid}","_self":"${system.self}","_etag":${etag},"_attachments":"attachments/","_ts":${system.ts}}`;
  if (Buffer.byteLength(body) > MAX_ITEM_BYTES) throw tooLarge();
  return body;
}

/** The body as the change feed shows it: with its log sequence number. */
export const withLsn = (body: string, lsn: number): string => `${body.slice(0, -1)},"_lsn":${lsn}}`;
