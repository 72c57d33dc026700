import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { ManifestMediaType } from '../oci/media-types.ts';
import type { RepositoryKey } from '../oci/name.ts';
import type { Tag } from '../oci/name.ts';

/** A manifest as it is stored. */
export interface StoredImage {
  readonly digest: Digest;
  readonly mediaType: ManifestMediaType;
  /** Exactly the bytes that were pushed. */
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

/** The place of the bytes of a blob: this registry's own store, as this repository may read them. */
interface BlobPlace {
  readonly is: 'here';
  readonly key: RepositoryKey;
}

/**
 * The source of images. All methods throw `StoreFailure` if it cannot be read, and `RegistryError` for images that a
 * gate does not let out of it.
 */
export interface Source {
  /** Returns the digest that a reference names now; `undefined` if there is none. It is called first. */
  resolve(reference: Tag | Digest): Promise<Digest | undefined>;
  /** Reads a manifest; `undefined` if it is not there. */
  manifest(digest: Digest): Promise<StoredImage | undefined>;
  /** Lists the manifests that name one of these as their subject. */
  referrers(subjects: readonly Digest[]): AsyncIterable<Digest>;
  /** Lists the tags whose names say that they are about one of these: `sha256-….sig`. */
  tagsAbout(digests: readonly Digest[]): AsyncIterable<{ readonly tag: Tag; readonly digest: Digest }>;
  blob(digest: Digest): BlobPlace;
}

/** A manifest, and the tags that are to point at it. */
export interface TaggedImage {
  readonly image: StoredImage;
  readonly tags: readonly Tag[];
}

/** The target of images. All methods throw `StoreFailure`, and `RegistryError` for a refusal of a gate. */
export interface Target {
  /** Asks the gates whether these tags may be set, before anything is written. Returns where they point now. */
  begin(tags: readonly Tag[], digest: Digest): Promise<ReadonlyMap<Tag, Digest>>;
  /** Returns those of these manifests that are there. */
  present(digests: readonly Digest[]): Promise<ReadonlySet<Digest>>;
  /** Returns where these tags point; those that are not there are left out. */
  tagsAt(tags: readonly Tag[]): Promise<ReadonlyMap<Tag, Digest>>;
  /** Lets the target read a blob; `false` if the blob is not at this place. */
  link(digest: Digest, place: BlobPlace): Promise<boolean>;
  /** Pushes all of these or none, children before what lists them. `too large`: not in one transaction. */
  push(images: readonly TaggedImage[]): Promise<'pushed' | 'too large'>;
}
