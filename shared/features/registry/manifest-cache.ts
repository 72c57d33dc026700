import { Cached } from '../../core/documents/cached.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestId } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { DocumentRef, Documents } from '../../core/ports/documents.ts';

/**
 * A manifest as a pull answers it. `bytes` are those of one too large for its document; they are absent until a request
 * has read them.
 */
export interface CachedManifest {
  readonly document: ManifestDocument;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * The milliseconds for which an entry is used: another instance may change a manifest's attributes, or delete it, and a
 * read region of the store may be behind by about as much. Its bytes never change.
 */
export const manifestFreshness = 5_000;

/** The approximate bytes of a manifest's document beside its text. */
const documentBytes = 2_048;

/**
 * Caches manifests that were pulled lately, in bounded memory. It never hides this instance's own writes: it drops what
 * any feature commits through `watched`.
 */
export class ManifestCache {
  readonly #entries: Cached<CachedManifest>;

  constructor({ clock, maxBytes }: { readonly clock: Clock; readonly maxBytes: number }) {
    this.#entries = new Cached({ clock, freshMs: manifestFreshness, maxSize: maxBytes, sizeOf: entryBytes });
  }

  get(key: RepositoryKey, digest: Digest): CachedManifest | undefined {
    return this.#entries.peek(placeOf(key, digest));
  }

  /**
   * Reads by `read` and caches; all requests for one manifest at the same time share one read. A request after a commit
   * shares no read that began before it, and the result of such a read is not cached.
   */
  through(
    key: RepositoryKey,
    digest: Digest,
    read: () => Promise<CachedManifest | undefined>,
  ): Promise<CachedManifest | undefined> {
    return this.#entries.get(placeOf(key, digest), read);
  }

  /** Adds the bytes of a manifest that `get` or `through` returned without them, unless it was dropped since. */
  keepBytes(key: RepositoryKey, { document }: CachedManifest, bytes: Uint8Array<ArrayBuffer>): void {
    const at = placeOf(key, document.digest);
    if (this.#entries.peek(at)?.document === document) this.#entries.swap(at, { document, bytes });
  }

  /** Drops documents that somebody has deleted. */
  forget(refs: readonly DocumentRef[]): void {
    this.#drop(refs.map(({ partition: [registry = '', repository = ''], id }) => place(registry, repository, id)));
  }

  /**
   * Wraps documents so that a commit drops the entries that it writes, before it starts and when it has ended, also
   * with a failure.
   */
  watched(documents: Documents): Documents {
    return {
      ...documents,
      commitDocuments: async (container, partition, changes) => {
        if (container !== 'repositories') return documents.commitDocuments(container, partition, changes);
        const [registry = '', repository = ''] = partition;
        const places = changes.map((change) =>
          place(registry, repository, 'document' in change ? change.document.id : change.id),
        );
        this.#drop(places);
        return documents.commitDocuments(container, partition, changes).finally(() => this.#drop(places));
      },
    };
  }

  #drop(places: readonly string[]): void {
    for (const at of places) this.#entries.forget(at);
  }
}

function placeOf({ registry, repository }: RepositoryKey, digest: Digest): string {
  return place(registry, repository, manifestId(digest));
}

function place(registry: string, repository: string, id: string): string {
  return `${registry}/${repository}/${id}`;
}

/** Estimates the bytes of an entry; a character of a text takes up to two bytes. */
function entryBytes({ document, bytes }: CachedManifest): number {
  const text = 'text' in document.content ? document.content.text.length : 0;
  return documentBytes + text * 2 + (bytes?.length ?? 0) + document.references.length * 256;
}
