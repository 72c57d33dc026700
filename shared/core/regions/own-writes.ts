import { LRUCache } from 'lru-cache';
import type { ContainerName, DocumentChange, DocumentRef, Documents, PartitionKey } from '../ports/documents.ts';
import { atMost } from '../rules/at-most.ts';

/**
 * Documents are remembered for longer than a read region may be behind, in milliseconds: bounded staleness of an
 * account with several regions allows 300 s (infra/modules/cosmos.bicep).
 */
const behindMs = 6 * 60_000;
const maxRemembered = 50_000;

/**
 * Remembers the documents that this instance has deleted or changed lately, or whose deletion it has been notified of:
 * its region may still show them as they were, so they are read in the write region. Documents that it has created are
 * not among them: one that a region does not have yet is asked of the write region anyway.
 */
export class OwnWrites {
  readonly #until: LRUCache<string, number>;
  /** If more was written than is remembered, everything is read in the write region until this time. */
  #allUntil = -Infinity;

  constructor(max = maxRemembered) {
    this.#until = new LRUCache({
      ...atMost(max),
      dispose: (until, _place, reason) => {
        if (reason === 'evict') this.#allUntil = Math.max(this.#allUntil, until);
      },
    });
  }

  /** Says whether a read region may still show an older state of the document. */
  overtakes(ref: DocumentRef): boolean {
    const now = performance.now();
    return now < this.#allUntil || now < (this.#until.get(placeOf(ref.container, ref.partition, ref.id)) ?? -Infinity);
  }

  remember(refs: readonly DocumentRef[]): void {
    const until = performance.now() + behindMs;
    for (const { container, partition, id } of refs) this.#until.set(placeOf(container, partition, id), until);
  }

  /**
   * Wraps documents so that their changes are remembered. A commit is remembered before it begins and when it has
   * ended, however it has ended.
   */
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
 * Returns the id of the document that a change makes different from what its region may show, if it is one of those
 * that are read near: manifests, links, and the document that says in which regions a blob's bytes are. A patch that
 * notes a use of a link or a copy of a blob changes no answer and is left out, so that a pull after a push stays near.
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
