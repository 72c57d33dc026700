import type { JsonDocument, VersionedDocument } from '../../core/ports/documents.ts';

/** The properties that Cosmos DB adds to every item; `_lsn` comes with some answers only. */
const systemProperties = ['_rid', '_self', '_etag', '_attachments', '_ts', '_lsn'];

/** Splits an item into our document and its etag; it changes the object that it gets. */
export function versionedDocument(item: { readonly id?: string; readonly _etag?: unknown }): VersionedDocument {
  const { _etag: etag } = item;
  if (typeof item.id !== 'string' || typeof etag !== 'string') throw new TypeError('an item without id or _etag');
  for (const name of systemProperties) Reflect.deleteProperty(item, name);
  return { document: item as JsonDocument, etag };
}
