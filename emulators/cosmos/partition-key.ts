import type { Json } from './json.ts';
import { member, parseJson } from './json.ts';
import { badRequest, partitionKeyMismatch } from './refusal.ts';

/** The most levels of a hierarchical key, and so the number of key columns in every item table. */
export const MAX_LEVELS = 3;

/**
 * One level of a partition key in its stored form: JSON text, so that 1, "1" and true stay different keys.
 * `{}` is the service's word for "the item has no such property"; JSON scalars never look like it.
 */
type KeyPart = string & { readonly __brand: 'KeyPart' };

/** The levels that a request fixes: all of them for an item, a prefix or none for a query. */
export type KeyScope = readonly KeyPart[];

const ABSENT = '{}' as KeyPart;

function encodePart(value: Json | undefined): KeyPart {
  if (value === undefined) return ABSENT;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) as KeyPart;
  if (!Array.isArray(value) && Object.keys(value).length === 0) return ABSENT;
  throw badRequest('A partition key value must be a string, a number, a boolean, null or undefined.');
}

/** Reads `x-ms-documentdb-partitionkey`: a JSON array with one value per level. */
export function parseKeyScope(header: string): KeyScope {
  const values = parseJson(header);
  if (!Array.isArray(values)) throw badRequest('The partition key header must be a JSON array.');
  return values.map(encodePart);
}

/** '/a/b' and '/"a b"/c' are the two ways in which the service writes a path. */
export function splitPath(path: string): string[] {
  return [...path.matchAll(/\/(?:"((?:[^"\\]|\\.)*)"|([^/]*))/g)].map((match) => match[1] ?? match[2] ?? '');
}

const valueAt = (document: Json, path: string): Json | undefined =>
  splitPath(path).reduce<Json | undefined>((value, key) => member(value, key), document);

/** The key that a document carries; every level is there, absent ones included. */
const keyOfDocument = (paths: readonly string[], document: Json): KeyScope =>
  paths.map((path) => encodePart(valueAt(document, path)));

const sameKey = (left: KeyScope, right: KeyScope): boolean =>
  left.length === right.length && left.every((part, level) => part === right[level]);

/** The key of an item operation: every level must be there. */
export function fullKey(paths: readonly string[], header: string | undefined): KeyScope {
  if (header === undefined) throw badRequest('PartitionKey value must be supplied for this operation.');
  const key = parseKeyScope(header);
  if (key.length === paths.length) return key;
  throw partitionKeyMismatch(
    "PartitionKey provided either doesn't correspond to definition in the collection " +
      "or doesn't match partition key field values specified in the document.",
  );
}

/** Refuses a document that does not belong to the partition that the request names. */
export function assertKeyMatches(key: KeyScope, paths: readonly string[], document: Json): void {
  if (sameKey(key, keyOfDocument(paths, document))) return;
  throw partitionKeyMismatch("PartitionKey extracted from document doesn't match the one specified in the header.");
}

/** The levels as values of the three key columns. */
export const keyColumns = (key: KeyScope): [string, string, string] => [key[0] ?? '', key[1] ?? '', key[2] ?? ''];
