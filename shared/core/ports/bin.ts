import type { Digest } from '../oci/digest.ts';
import type { RepositoryKey } from '../oci/name.ts';
import type { Tag } from '../oci/name.ts';
import type { Cause } from './cause.ts';
import type { DocumentChange } from './documents.ts';

/** Who takes something, and by which rule of a policy where it is one. */
export interface TakenBy {
  readonly cause: Cause;
  readonly rule?: string;
  /** In the bin, where it is not what the registry's settings say. */
  readonly retentionDays?: number;
}

/** A manifest that lists a blob, and whether it can be pulled or lies in the bin. */
export interface Lister {
  readonly digest: Digest;
  readonly where: 'live' | 'bin';
}

/**
 * The recycle bin as the data plane needs it. Everything here throws `StoreFailure`, and `RegistryError` (`contended`).
 */
export interface RecycleBin {
  /**
   * Moves a manifest, all its tags, its children and referrers that nothing else keeps. Throws `RegistryError`:
   * `manifest-unknown`, `disallowed`.
   */
  recycleManifest(key: RepositoryKey, digest: Digest, by: TakenBy): Promise<void>;
  /** Moves a tag; its manifest stays. `false` when there is none. Throws `RegistryError` (`disallowed`). */
  recycleTag(key: RepositoryKey, tag: Tag, by: TakenBy): Promise<boolean>;
  /** Moves all that a repository holds; asked again it goes on. Throws `RegistryError` (`disallowed`). */
  recycleAll(key: RepositoryKey, by: TakenBy): Promise<{ readonly manifests: Digest[]; readonly tags: Tag[] }>;
  /**
   * A pull found nothing: brings back what a policy took, where the registry's settings say so. `false` when nothing
   * came.
   */
  reviveForPull(key: RepositoryKey, reference: Tag | Digest, cause: Cause): Promise<boolean>;
  /** A manifest of the repository that needs a blob, live or in the bin: one of them, by one query. */
  listerOf(key: RepositoryKey, blob: Digest): Promise<Lister | undefined>;
  /**
   * A push lists it: brings back what a policy took, whoever pushes, and what somebody deleted for who may restore.
   * `refused`: it stays; `not there`: it is not in the bin.
   */
  reviveForPush(
    key: RepositoryKey,
    digest: Digest,
    cause: Cause,
    mayRestore: boolean,
  ): Promise<'revived' | 'refused' | 'not there'>;
  /** Brings a manifest back with what came along with it, tags too. `false` when it is not in the bin. */
  restoreManifest(key: RepositoryKey, digest: Digest, cause: Cause): Promise<boolean>;
  /**
   * Brings one tag back, and its manifest first. `taken`: the name has another manifest by now. `not there`: it is not
   * in the bin.
   */
  restoreTag(key: RepositoryKey, digest: Digest, tag: Tag, cause: Cause): Promise<'restored' | 'taken' | 'not there'>;
  /** The change that records in the batch that brings a manifest back that its surroundings are to be settled. */
  settling(key: RepositoryKey, digest: Digest): DocumentChange;
  /** Brings the surroundings of a manifest in line with whether it is live. A crash leaves it to a timer. */
  settle(key: RepositoryKey, digest: Digest, cause: Cause): Promise<void>;
}
