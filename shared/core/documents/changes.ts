import type { CommitOutcome, DocumentChange, Increment, JsonDocument } from '../ports/documents.ts';
import type { Stored } from './stored.ts';

/**
 * Changes of documents that were read. Each holds only as long as nobody has written the document since, so features
 * pass on what they have read and never handle a version themselves. Any of them may stand in one batch.
 */

/** A document in the shape of its schema. */
type Identified = object & { readonly id: string };
/** A document with the seconds that the store keeps it for, which its schema need not have. */
type Timed<T> = T & { readonly ttl?: number };

/** Writes the document anew. */
export function replacing<T extends Identified>(before: Stored<T>, document: Timed<T>): DocumentChange {
  return { do: 'replace', document: asJson(document), ifMatch: before.etag };
}

/** Creates the document if none was read, and writes it anew if one was. */
export function writing<T extends Identified>(before: Stored<T> | undefined, document: Timed<T>): DocumentChange {
  return before === undefined ? { do: 'create', document: asJson(document) } : replacing(before, document);
}

/** Sets some properties, and adds to others. */
export function patching(
  before: Stored<Identified>,
  set: Readonly<Record<string, unknown>>,
  increment?: readonly Increment[],
): DocumentChange {
  const change = { do: 'patch', id: before.document.id, set, ifMatch: before.etag } as const;
  return increment === undefined ? change : { ...change, increment };
}

/** Adds to some properties, as long as nobody else has written the document. */
export function adding(before: Stored<Identified>, increment: readonly Increment[]): DocumentChange {
  return { do: 'patch', id: before.document.id, increment, ifMatch: before.etag };
}

/** Deletes the document. */
export function removing(before: Stored<Identified>): DocumentChange {
  return { do: 'delete', id: before.document.id, ifMatch: before.etag };
}

/** Returns the document as the change `at` of a batch has left it; `undefined` if nothing was written. */
export function written<T>(outcome: CommitOutcome, document: T, at = 0): Stored<T> | undefined {
  return outcome.committed ? { document, etag: outcome.etags[at] ?? '' } : undefined;
}

/** Says whether nobody has written a document between two reads; a document that was absent both times counts too. */
export function isUnchanged(before: Stored<unknown> | undefined, now: Stored<unknown> | undefined): boolean {
  return before?.etag === now?.etag;
}

/** Names the document in just this state, for values that are derived from it and cached. */
export function versionOf({ document, etag }: Stored<Identified>): string {
  return `${document.id} ${etag}`;
}

function asJson(document: Identified): JsonDocument {
  return { ...document };
}
