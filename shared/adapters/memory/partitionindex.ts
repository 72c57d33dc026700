import type { JsonDocument } from '../../core/ports/documents.ts';
import { valueAt } from '../documentrules.ts';
import { isScalar } from './compare.ts';
import type { IndexEntry } from './orderedindex.ts';
import { OrderedIndex } from './orderedindex.ts';
import type { DocumentRecord, Partition } from './partition.ts';

/** The path of no property: all documents have one value there, and only their creation orders them. */
export const creationOrder = '';

/** Makes the path that a condition on members of an array is indexed by: `references[].digest`. */
export function memberPath(path: string, property: string): string {
  return `${path}[].${property}`;
}

export function isMemberPath(path: string): boolean {
  return path.includes('[].');
}

/** Returns a document's place in the order of a property; `undefined` when it has none, or one that is no scalar. */
export function placeOf({ order, id }: DocumentRecord, document: JsonDocument, path: string): IndexEntry | undefined {
  const value = path === creationOrder ? null : valueAt(document, path);
  return isScalar(value) ? { value, order, id } : undefined;
}

/** Returns the index of a path. It is made when the first query needs it, then kept up by every write. */
export function indexOf(partition: Partition, path: string): OrderedIndex {
  const known = partition.indexes.get(path);
  if (known !== undefined) return known;
  const entries = [...partition.records.values()].flatMap((record) => currentPlaces(record, path));
  const index = new OrderedIndex(entries);
  partition.indexes.set(path, index);
  return index;
}

/** Removes a record's old state from every index and adds its new state. */
export function reindex(
  { indexes }: Partition,
  before: DocumentRecord | undefined,
  after: DocumentRecord | undefined,
): void {
  for (const [path, index] of indexes) {
    const [old, now] = [before, after].map((record) => (record === undefined ? [] : currentPlaces(record, path)));
    for (const place of old ?? []) index.remove(place);
    for (const place of now ?? []) index.add(place);
  }
}

/** Returns the place of a record, or one for each different member of an array. */
function currentPlaces(record: DocumentRecord, path: string): IndexEntry[] {
  const current = record.versions.at(-1)?.document;
  if (current === undefined) return [];
  if (!isMemberPath(path)) return [placeOf(record, current, path)].filter((place) => place !== undefined);
  const [array = '', member = ''] = path.split('[].');
  const items = valueAt(current, array);
  const values = new Set(Array.isArray(items) ? items.map((item) => valueAt(item, member)).filter(isScalar) : []);
  return [...values].map((value) => ({ value, order: record.order, id: record.id }));
}
