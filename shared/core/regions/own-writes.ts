import { LRUCache } from 'lru-cache';
import type { ContainerName, DocumentChange, DocumentRef, Documents, PartitionKey } from '../ports/documents.ts';

/**
 * Longer than a read region may be behind: bounded staleness of an account with several regions allows 300 s
 * (infra/modules/cosmos.bicep). In milliseconds.
 */
const behindMs = 6 * 60_000;
const maxRemembered = 50_000;

/**
 * The documents that this instance has deleted or changed lately, or was told of: its region may still show them as
 * they were, so they are read in the write region. What it has created is not among them: what a region does not have
 * yet is asked of the write region anyway.
 */
export class OwnWrites {
  readonly #until: LRUCache<string, number>;
  /** More was written than is remembered: until then everything is read in the write region. */
  #allUntil = -Infinity;

  constructor(max = maxRemembered) {
    this.#until = new LRUCache({
      max,
      dispose: (until, _place, reason) => {
        if (reason === 'evict') this.#allUntil = Math.max(this.#allUntil, until);
      },
    });
  }

  /** Whether what a read region shows of it may be what it was before. */
  overtakes(ref: DocumentRef): boolean {
    const now = performance.now();
    return now < this.#allUntil || now < (this.#until.get(placeOf(ref.container, ref.partition, ref.id)) ?? -Infinity);
  }

  remember(refs: readonly DocumentRef[]): void {
    const until = performance.now() + behindMs;
    for (const { container, partition, id } of refs) this.#until.set(placeOf(container, partition, id), until);
  }

  /** The same documents. A commit is remembered before it begins and when it has ended, however it has ended. */
  watched(documents: Documents): Documents {
    return {
      ...documents,
      commitDocuments: async (container, partition, changes) => {
        const refs = changes.flatMap((change) =>
          overtaken(container, change).map((id) => ({ container, partition, id })),
        );
        this.remember(refs);
        return documents.commitDocuments(container, partition, changes).finally(() => this.remember(refs));
      },
    };
  }
}

/**
 * The document that a change makes another than its region may show, where it is one of those that are read near:
 * manifests, links, and where a blob's bytes are. That a link was used or a blob copied is no news to an answer, so
 * those patches are left out: a pull after a push stays near.
 */
function overtaken(container: ContainerName, change: DocumentChange): string[] {
  if (change.do === 'create' || change.do === 'upsert') return [];
  const id = change.do === 'replace' ? change.document.id : change.id;
  if (container === 'repositories') return id.startsWith('manifest:') ? [id] : [];
  return container === 'blobs' &&
    (change.do === 'delete' || (change.do === 'replace' && id.startsWith('link:'))) &&
    (id === 'blob' || id.startsWith('link:'))
    ? [id]
    : [];
}

function placeOf(container: ContainerName, partition: PartitionKey, id: string): string {
  return [container, ...partition, id].join('/');
}
