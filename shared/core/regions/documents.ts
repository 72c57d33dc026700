import type { CountDocuments, DocumentRef, Documents, QueryDocuments, ReadDocument } from '../ports/documents.ts';
import { StoreFailure } from '../ports/failures.ts';
import { inTime } from './in-time.ts';
import type { OwnWrites } from './own-writes.ts';

export type ReadDocuments = ReadDocument & QueryDocuments & CountDocuments;

/** A read that the write region has not answered after this many milliseconds is asked of this region. */
const timeoutMs = 1_500;
/**
 * For this many milliseconds after the write region did not answer, one read at a time tries it, and the others do not
 * wait for it.
 */
const avoidedMs = 2_000;

/**
 * Says whether a document belongs to pushed content. A push may not have reached this region yet, so that a document is
 * absent is believed of the write region alone, however late it answers: a client that is answered "unknown" gives up
 * its push, and one that is answered "unavailable" tries again.
 */
function isContent({ container, id }: DocumentRef): boolean {
  return container === 'blobs'
    ? id === 'blob' || id.startsWith('link:')
    : container === 'repositories' && id.startsWith('manifest:');
}

/**
 * Reads the write region's documents, for readers that must not be late. While that region does not answer, this region
 * answers instead, as far behind as its replica is. Writes fail then: nothing is promised that cannot be kept.
 */
export function withFallback(write: Documents, near: ReadDocuments): Documents {
  const outage = { until: -Infinity };
  const inTimeOr = <T>(answer: Promise<T>, otherwise: () => Promise<T>): Promise<T> =>
    inTime(answer, timeoutMs, tooLate).catch((error: unknown) => {
      if (!(error instanceof StoreFailure) || error.kind !== 'unavailable') throw error;
      outage.until = performance.now() + avoidedMs;
      return otherwise();
    });
  const ask = <T>(there: (from: ReadDocuments) => Promise<T>): Promise<T> =>
    performance.now() < outage.until ? there(near) : inTimeOr(there(write), () => there(near));
  const askForContent = async (ref: DocumentRef) => {
    if (performance.now() < outage.until) return (await near.readDocument(ref)) ?? write.readDocument(ref);
    const answer = write.readDocument(ref);
    return inTimeOr(answer, async () => (await near.readDocument(ref)) ?? answer);
  };
  return {
    readDocument: (ref) => (isContent(ref) ? askForContent(ref) : ask((from) => from.readDocument(ref))),
    queryDocuments: (query) => ask((from) => from.queryDocuments(query)),
    countDocuments: (query) => ask((from) => from.countDocuments(query)),
    commitDocuments: (container, partition, changes) => write.commitDocuments(container, partition, changes),
  };
}

/**
 * Reads documents that never change once they exist: this region is asked first, and believed when it has the document.
 * That a document is absent is believed of the write region alone, because this region may only be late. Documents that
 * this instance has deleted or changed itself are read there as well.
 */
export function nearFirst(near: ReadDocument, write: ReadDocument, own: Pick<OwnWrites, 'overtakes'>): ReadDocument {
  return {
    async readDocument(ref) {
      if (own.overtakes(ref)) return write.readDocument(ref);
      try {
        const found = await near.readDocument(ref);
        if (found !== undefined) return found;
      } catch (error) {
        if (!(error instanceof StoreFailure)) throw error;
      }
      return write.readDocument(ref);
    },
  };
}

function tooLate(): never {
  throw new StoreFailure({
    dependency: 'documents',
    kind: 'unavailable',
    message: `the write region did not answer within ${timeoutMs} ms`,
  });
}
