import type { Digest } from '../oci/digest.ts';
import type { RegistryName, RepositoryKey, Tag } from '../oci/name.ts';
import type { Asker } from './authorize.ts';

/** The outcome that a deletion would have, decided by the code of the recycle bin itself. */
export interface DeletionPreview {
  readonly tags: readonly Tag[];
  /** The manifests that would go, the named one first. */
  readonly manifests: readonly {
    readonly digest: Digest;
    readonly why: 'itself' | 'child' | 'referrer' | 'tag-signature';
  }[];
  /** The manifests around those that go, each with what keeps it. */
  readonly stays: readonly {
    readonly digest: Digest;
    readonly why: 'tag' | 'index' | 'subject' | 'locked' | 'tag-alone';
  }[];
  /** True if the look ended before all was found. */
  readonly more: boolean;
  /** The locks that refuse the deletion. Where any does, nothing goes. */
  readonly blockedBy: readonly { readonly what: string; readonly why: string }[];
  /** The time at which it would be purged, if it went now, and the earliest at which its bytes would be freed. */
  readonly purgedAt: string;
  readonly freedAt: string;
  /** Says whether it could be restored until then. */
  readonly isKept: boolean;
}

/** The recycle bin, asked what a deletion would take. */
export interface PreviewDeletion {
  /**
   * Looks at what a deletion of a tag or of a manifest would take, and changes nothing. `undefined` if there is none.
   * Throws `StoreFailure`.
   */
  previewDeletion(key: RepositoryKey, reference: Tag | Digest, asker?: Asker): Promise<DeletionPreview | undefined>;
}

/** Bytes in Blob Storage, in which every copy in every region counts. */
export interface DeletedBytes {
  /** The bytes that nothing else needs. */
  readonly freed: number;
  /** The bytes that something else needs too. */
  readonly shared: number;
}

/** Usage, asked about single images. Both methods throw `StoreFailure`. */
export interface MeasureImages {
  /** Measures what the deletion of these manifests of one repository frees in the end. */
  measureDeletion(key: RepositoryKey, manifests: readonly Digest[]): Promise<DeletedBytes>;
  /**
   * Counts the images of a registry that need each of these blobs, by one query. A blob that was not counted yet is
   * absent; of one with `isAtLeast` there may be more.
   */
  countImagesWith(
    registry: RegistryName,
    blobs: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, { readonly images: number; readonly isAtLeast: boolean }>>;
}

/** The state of an image in one region. `missingBytes` is absent where it would take too many reads. */
export interface RegionOfImage {
  readonly region: string;
  readonly state: string;
  readonly missingBytes?: number;
}

/** Replication, asked about single images. */
export interface ShowRegions {
  /** Says where an image is; `undefined` where the deployment has one region. Throws `StoreFailure`. */
  regionsOfImage(key: RepositoryKey, digest: Digest): Promise<readonly RegionOfImage[] | undefined>;
}

/** Purge policies, asked about single images. */
export interface ShowPurgeDue {
  /**
   * Returns the time at which an approved policy will judge a manifest next; `undefined` if none will. Throws
   * `StoreFailure`.
   */
  purgeDueAt(key: RepositoryKey, digest: Digest): Promise<string | undefined>;
}

/** The image that another one is built on. */
export interface BaseOfImage {
  readonly image: string;
  readonly digest?: Digest;
  readonly evidence: string;
  readonly confidence: number;
  /** Absent where it is not known where the tag of the base points. */
  readonly isCurrent?: boolean;
}

/** Builds, asked about single images. */
export interface ShowBase {
  /**
   * Returns the base that was learned of a tagged image with the best evidence; `undefined` if none was, or of another
   * digest. Throws `StoreFailure`.
   */
  baseOfImage(key: RepositoryKey, tag: Tag, digest: Digest): Promise<BaseOfImage | undefined>;
}
