import type { Documents } from '../../core/ports/documents.ts';
import { requireFullPartition } from '../documentrules.ts';
import type { CallPlan } from './calls.ts';
import type { Chance } from './chance.ts';
import { afterEmptyPage, readContinuation } from './chance.ts';
import { commitChanges } from './changes.ts';
import type { DocumentStore } from './documentstore.ts';
import { evaluateQuery } from './query.ts';

/** Reads and queries see the store as it was `lagMs` ago; commits go to the write region at once. */
export function memoryDocuments(store: DocumentStore, calls: CallPlan, lagMs: number, chance?: Chance): Documents {
  return {
    readDocument: (ref) =>
      calls.make('documents.read', ref, () => {
        requireFullPartition(ref.container, ref.partition);
        const version = store.visible(store.partition(ref.container, ref.partition)?.records.get(ref.id), lagMs);
        return version === undefined ? undefined : { document: version.document, etag: version.etag };
      }),
    queryDocuments: (query) => {
      const { wasEmpty, continuation } = readContinuation(query.continuation);
      if (!wasEmpty && chance?.givesEmptyPage() === true)
        return Promise.resolve({ documents: [], continuation: afterEmptyPage(continuation) });
      const { continuation: _, ...first } = query;
      const asked = continuation === undefined ? first : { ...first, continuation };
      return calls.make('documents.query', asked, () => evaluateQuery(store, asked, lagMs));
    },
    countDocuments: (query) =>
      calls.make('documents.count', query, () => {
        requireFullPartition(query.container, query.partition);
        return evaluateQuery(store, { ...query, limit: Number.MAX_SAFE_INTEGER }, lagMs).documents.length;
      }),
    commitDocuments: (container, partition, changes) =>
      calls.make('documents.commit', { container, partition, changes }, () => {
        const outcome = commitChanges(store, container, partition, changes);
        return outcome.committed && !calls.isCounted && chance?.losesEtag(changes) === true
          ? commitChanges(store, container, partition, changes)
          : outcome;
      }),
  };
}
