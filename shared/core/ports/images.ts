import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { ManifestMediaType } from '../oci/media-types.ts';
import type { RepositoryKey } from '../oci/name.ts';
import type { Tag } from '../oci/name.ts';
import type { PushedBy } from '../oci/principal.ts';
import type { Cause } from './cause.ts';

export interface StoredImage {
  readonly digest: Digest;
  readonly mediaType: ManifestMediaType;
  /** Exactly what was pushed. */
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

interface ImagePush {
  readonly reference: Tag | Digest;
  readonly bytes: Uint8Array;
  readonly mediaType: ManifestMediaType;
  readonly cause: Cause;
  /**
   * On whose word the image is what it says; absent, on nobody's: then its tag follows nothing that not everyone may
   * pull.
   */
  readonly pushedBy?: PushedBy | undefined;
  /** What the tag must point at when it is moved: a digest, or nothing. */
  readonly onlyIfAt?: Digest | 'nothing';
}

/**
 * The registry as those that make images from images need it: manifests and small blobs, and layers that move by name
 * alone. All throw `StoreFailure`.
 */
export interface Images {
  /** `undefined` when it is not live: nothing comes back out of the bin for it. */
  readImage(key: RepositoryKey, reference: Tag | Digest): Promise<StoredImage | undefined>;
  /** As `readImage`, for what goes into other repositories: what a pull is refused for (`readEnabled`) is not there. */
  readPullable(key: RepositoryKey, reference: Tag | Digest): Promise<StoredImage | undefined>;
  /** A config, or a statement. `undefined` when the repository has no such blob, or it is larger. */
  readSmallBlob(key: RepositoryKey, digest: Digest, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Stores it once, whoever asks. */
  storeSmallBlob(key: RepositoryKey, bytes: Uint8Array): Promise<Digest>;
  /**
   * Stores it once, whoever asks; what `open` gives is read only when it is not here yet. Throws `RegistryError`
   * (`digest-invalid`) when it has another digest.
   */
  storeBlob(key: RepositoryKey, digest: Digest, open: () => ReadableStream<Uint8Array>): Promise<void>;
  /** In bytes. Throws `RegistryError` (`blob-unknown`). */
  sizeOfBlob(key: RepositoryKey, digest: Digest): Promise<number>;
  /** A blob of any size. `undefined` when the repository has none. */
  openBlob(key: RepositoryKey, digest: Digest): Promise<ReadableStream<Uint8Array> | undefined>;
  /** `false` when the repository that it is taken from does not have it, or may not be read. */
  mountBlob(from: RepositoryKey, to: RepositoryKey, digest: Digest): Promise<boolean>;
  /**
   * As a client's push: the same checks, the same transaction, the same events. Throws `RegistryError`; `conflict` when
   * the tag is elsewhere by now.
   */
  pushImage(key: RepositoryKey, push: ImagePush): Promise<Digest>;
}
