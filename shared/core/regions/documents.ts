import type { CountDocuments, DocumentRef, Documents, QueryDocuments, ReadDocument } from '../ports/documents.ts';
import { StoreFailure } from '../ports/failures.ts';
import { inTime } from './in-time.ts';
import type { OwnWrites } from './own-writes.ts';

export type ReadDocuments = ReadDocument & QueryDocuments & CountDocuments;

/** A read that the write region has not answered by then is asked of this region. In milliseconds. */
const patienceMs = 1_500;
/**
 * For so long after it did not answer, one read at a time tries the write region, and the others do not wait for it. In
 * milliseconds.
 */
const avoidedMs = 2_000;

/**
 * What a client has just pushed may not have come to this region yet: "there is none" is believed of the write region
 * alone, however late it answers. A push that is told so is over; one that is told to come again is not.
 */
function isContent({ container, id }: DocumentRef): boolean {
  return container === 'blobs'
    ? id === 'blob' || id.startsWith('link:')
    : container === 'repositories' && id.startsWith('manifest:');
}

/**
 * Documents of the write region, as every reader that must not be late needs them; while that region does not answer,
 * reads are answered by this one, as far behind as its replica is. Writes fail then: nothing is promised that cannot be
 * kept.
 */
export function withFallback(write: Documents, near: ReadDocuments): Documents {
  const outage = { until: -Infinity };
  const inTimeOr = <T>(answer: Promise<T>, otherwise: () => Promise<T>): Promise<T> =>
    inTime(answer, patienceMs, tooLate).catch((error: unknown) => {
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
 * For what never changes once it is there: this region is asked first, and believed when it has it. That it has it not
 * is believed of the write region alone, for this one may only be late; so is all that this instance has deleted or
 * changed itself.
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
    message: `the write region has not answered in ${patienceMs} ms`,
  });
}
