import type { Digest } from '../oci/digest.ts';
import type { ManifestMediaType } from '../oci/media-types.ts';
import type { RepositoryKey } from '../oci/name.ts';
import type { Tag } from '../oci/name.ts';
import type { PushedBy } from '../oci/principal.ts';
import type { Asker } from './authorize.ts';
import type { RecycledBy } from './bin.ts';
import type { Cause } from './cause.ts';
import type { Source, StoredImage, Target } from './transfer.ts';

export type { StoredImage };

/** Says where a copy out of a repository goes, and for whom; without an asker the registry itself copies. */
export interface CopiedInto {
  readonly into: RepositoryKey;
  readonly asker?: Asker | undefined;
}

/** Says what the pushes of a copy into a repository say. */
export interface CopiedBy {
  readonly cause: Cause;
  readonly asker?: Asker | undefined;
  readonly pushedBy?: PushedBy | undefined;
  /** Says whether it may bring back from the bin what somebody deleted. */
  readonly mayRestore: boolean;
}

interface ImagePush {
  readonly reference: Tag | Digest;
  readonly bytes: Uint8Array;
  readonly mediaType: ManifestMediaType;
  readonly cause: Cause;
  /**
   * The identity on whose word the image is what it says. If absent, nobody vouches for it: its tag then follows
   * nothing that not everyone may pull.
   */
  readonly pushedBy?: PushedBy | undefined;
  /** The digest that the tag must point at when it is moved, or `nothing` for a tag that must not exist. */
  readonly onlyIfAt?: Digest | 'nothing';
}

/** Deletes images as the distribution API does. */
export interface DeleteImages {
  /**
   * Deletes a tag alone, or a manifest with all its tags and all that nothing else keeps: into the recycle bin, or for
   * good if soft delete is off. `onlyIfAt` is the digest that a tag must point at. Throws `RegistryError`:
   * `manifest-unknown`, `disallowed`, `conflict` (`tagMoved`), `contended`; and `StoreFailure`.
   */
  deleteImage(key: RepositoryKey, reference: Tag | Digest, by: RecycledBy, onlyIfAt?: Digest): Promise<void>;
}

/**
 * The registry as those that make images from images need it: manifests and small blobs, and layers that are mounted by
 * their digest alone. All methods throw `StoreFailure`.
 */
export interface Images {
  /** Reads a live image; `undefined` if there is none: nothing is restored from the recycle bin for it. */
  readImage(key: RepositoryKey, reference: Tag | Digest): Promise<StoredImage | undefined>;
  /**
   * Reads an image as `readImage` does, for use in other repositories: one whose pulls are refused (`readEnabled`) is
   * absent.
   */
  readPullable(key: RepositoryKey, reference: Tag | Digest): Promise<StoredImage | undefined>;
  /** Reads a config or a statement. `undefined` if the repository has no such blob, or it is larger. */
  readSmallBlob(key: RepositoryKey, digest: Digest, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Stores a blob, once however often it is called. */
  storeSmallBlob(key: RepositoryKey, bytes: Uint8Array): Promise<Digest>;
  /**
   * Stores a blob, once however often it is called; `open` is called only if the blob is not here yet. Throws
   * `RegistryError` (`digest-invalid`) if its bytes have another digest.
   */
  storeBlob(key: RepositoryKey, digest: Digest, open: () => ReadableStream<Uint8Array>): Promise<void>;
  /** Returns the size of a blob in bytes. Throws `RegistryError` (`blob-unknown`). */
  sizeOfBlob(key: RepositoryKey, digest: Digest): Promise<number>;
  /** Opens a blob of any size. `undefined` if the repository has none. */
  openBlob(key: RepositoryKey, digest: Digest): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Mounts a blob of another repository. `false` if that repository does not have it, or may not be read. */
  mountBlob(from: RepositoryKey, to: RepositoryKey, digest: Digest): Promise<boolean>;
  /**
   * Pushes an image as a client does: with the same checks, the same transaction, the same events. Throws
   * `RegistryError`; `conflict` if the tag points elsewhere by now.
   */
  pushImage(key: RepositoryKey, push: ImagePush): Promise<Digest>;
  /** Opens a repository as `copyGraph` reads it. */
  source(key: RepositoryKey, by: CopiedInto): Source;
  /** Opens a repository as `copyGraph` writes it. */
  target(key: RepositoryKey, by: CopiedBy): Target;
}
