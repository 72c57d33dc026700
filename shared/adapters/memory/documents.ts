import type { Documents } from '../../ports/documents.ts';
import { requireFullPartition } from '../documentrules.ts';
import type { CallPlan } from './calls.ts';
import { commitChanges } from './changes.ts';
import type { DocumentStore } from './documentstore.ts';
import { evaluateQuery } from './query.ts';

/** Reads and queries see the store as it was `lagMs` ago; commits go to the write region at once. */
export function memoryDocuments(store: DocumentStore, calls: CallPlan, lagMs: number): Documents {
  return {
    readDocument: (ref) =>
      calls.make('documents.read', ref, () => {
        requireFullPartition(ref.container, ref.partition);
        const version = store.visible(store.partition(ref.container, ref.partition)?.records.get(ref.id), lagMs);
        return version === undefined ? undefined : { document: version.document, etag: version.etag };
      }),
    queryDocuments: (query) => calls.make('documents.query', query, () => evaluateQuery(store, query, lagMs)),
    countDocuments: (query) =>
      calls.make('documents.count', query, () => {
        requireFullPartition(query.container, query.partition);
        return evaluateQuery(store, { ...query, limit: Number.MAX_SAFE_INTEGER }, lagMs).documents.length;
      }),
    commitDocuments: (container, partition, changes) =>
      calls.make('documents.commit', { container, partition, changes }, () => commitChanges(store, container, partition, changes)),
  };
}
