import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { ManifestMediaType } from '../oci/media-types.ts';
import type { RepositoryKey } from '../oci/name.ts';
import type { Tag } from '../oci/name.ts';

/** A manifest as it is stored. */
export interface StoredImage {
  readonly digest: Digest;
  readonly mediaType: ManifestMediaType;
  /** Exactly what was pushed. */
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

/** Where the bytes of a blob are: in this registry's own store, as this repository may read them. */
export interface BlobPlace {
  readonly is: 'here';
  readonly key: RepositoryKey;
}

/**
 * Where images come from. All throw `StoreFailure` when it cannot be asked, and `RegistryError` for what a gate refuses
 * to let out of it.
 */
export interface Source {
  /** The digest that a reference names now; `undefined` when there is none. Asked first. */
  resolve(reference: Tag | Digest): Promise<Digest | undefined>;
  /** `undefined` when it is not there. */
  manifest(digest: Digest): Promise<StoredImage | undefined>;
  /** What names one of these as its subject. */
  referrers(subjects: readonly Digest[]): AsyncIterable<Digest>;
  /** Tags whose names say that they are about one of these: `sha256-….sig`. */
  tagsAbout(digests: readonly Digest[]): AsyncIterable<{ readonly tag: Tag; readonly digest: Digest }>;
  blob(digest: Digest): BlobPlace;
}

/** A manifest, and the tags that are to point at it. */
export interface TaggedImage {
  readonly image: StoredImage;
  readonly tags: readonly Tag[];
}

/** Where images go. All throw `StoreFailure`, and `RegistryError` for what a gate refuses. */
export interface Target {
  /** Asks the gates whether these tags may be set, before anything is written. Gives where they point now. */
  begin(tags: readonly Tag[], digest: Digest): Promise<ReadonlyMap<Tag, Digest>>;
  /** Which of these manifests are there. */
  present(digests: readonly Digest[]): Promise<ReadonlySet<Digest>>;
  /** Where these tags point; those that are not there are left out. */
  tagsAt(tags: readonly Tag[]): Promise<ReadonlyMap<Tag, Digest>>;
  /** Lets it read a blob. `false` when that is not where it is said to be. */
  link(digest: Digest, place: BlobPlace): Promise<boolean>;
  /** Pushes all of these or none, children before what lists them. `too large`: not in one transaction. */
  push(images: readonly TaggedImage[]): Promise<'pushed' | 'too large'>;
}
