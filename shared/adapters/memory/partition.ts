import type { PartitionKey, VersionedDocument } from '../../core/ports/documents.ts';
import type { OrderedIndex } from './orderedindex.ts';

/** One state of a document; frozen, so that every reader gets the same object. */
export interface Version extends VersionedDocument {
  readonly writtenAt: number;
  /** The time of its end; `Infinity` is never. */
  readonly expiresAt: number;
}

/** A document through time, as with `_rid`: a document created again under an old id is another record. */
export interface DocumentRecord {
  /** Grows with every creation in the world: the order of a query without ORDER BY. */
  readonly order: number;
  readonly id: string;
  /** Oldest first, the last is current. More than one only while a read region lags; `undefined` marks a deletion. */
  readonly versions: readonly VersionOrDeletion[];
}

export type VersionOrDeletion = Version | { readonly writtenAt: number; readonly document?: undefined };

export interface Partition {
  readonly key: PartitionKey;
  readonly records: Map<string, DocumentRecord>;
  /** The indexes by dotted path. */
  readonly indexes: Map<string, OrderedIndex>;
}
