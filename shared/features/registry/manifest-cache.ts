import { Cached } from '../../core/documents/cached.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestId } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { DocumentRef, Documents } from '../../core/ports/documents.ts';

/**
 * A manifest as a pull answers it. `bytes` are of one too large for its document, and absent until someone has asked
 * for them.
 */
export interface CachedManifest {
  readonly document: ManifestDocument;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * What is said about a manifest (its attributes, that it is there at all) may change in another instance: an entry is
 * believed for this long, as a read region of the store may be behind by about as much. Its bytes never change. In
 * milliseconds.
 */
export const manifestFreshness = 5_000;

/** What the document of a manifest takes beside its text, roughly. In bytes. */
const documentBytes = 2_048;

/**
 * Manifests that were pulled lately, in bounded memory. This instance's own writes are never hidden: what `watched`
 * commits is dropped, whichever feature commits it.
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
   * Reads by `read` and remembers; all who want one manifest at once share one read. Who comes after a commit shares no
   * read that began before it, and the answer of such a read is not kept.
   */
  through(
    key: RepositoryKey,
    digest: Digest,
    read: () => Promise<CachedManifest | undefined>,
  ): Promise<CachedManifest | undefined> {
    return this.#entries.get(placeOf(key, digest), read);
  }

  /** Adds the bytes of a manifest that `get` or `through` gave without, unless it was dropped since. */
  keepBytes(key: RepositoryKey, { document }: CachedManifest, bytes: Uint8Array<ArrayBuffer>): void {
    const at = placeOf(key, document.digest);
    if (this.#entries.peek(at)?.document === document) this.#entries.swap(at, { document, bytes });
  }

  /** Somebody has deleted these. */
  forget(refs: readonly DocumentRef[]): void {
    this.#drop(refs.map(({ partition: [registry = '', repository = ''], id }) => place(registry, repository, id)));
  }

  /**
   * The same documents; a commit drops what it touches, before it starts and when it has ended, however it has ended.
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

/** A character of a text takes up to two bytes. */
function entryBytes({ document, bytes }: CachedManifest): number {
  const text = 'text' in document.content ? document.content.text.length : 0;
  return documentBytes + text * 2 + (bytes?.length ?? 0) + document.references.length * 256;
}
