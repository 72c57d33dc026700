import type { Digest } from '../oci/digest.ts';
import type { RepositoryKey } from '../oci/name.ts';
import type { Tag } from '../oci/name.ts';
import type { Asker } from './authorize.ts';
import type { Cause } from './cause.ts';
import type { DocumentChange } from './documents.ts';

/** The cause of a recycling, with the rule of the policy where a policy is the cause. */
export interface RecycledBy {
  readonly cause: Cause;
  /** Absent where the registry itself takes it. */
  readonly asker?: Asker | undefined;
  readonly rule?: string;
  /** The days in the recycle bin, where they are not those of the registry's settings. */
  readonly retentionDays?: number;
  /** The id of the deletion, where several recyclings are one; absent, each is one of its own. */
  readonly group?: string;
}

/** Restores all of one deletion. */
export interface RestoreDeletion {
  /**
   * Restores all of a deletion that is still in the recycle bin; called again, it goes on. `taken` are tags that stay,
   * because their names have other manifests by now. Throws `RegistryError` (`contended`, `disallowed`) and
   * `StoreFailure`.
   */
  restoreDeletion(
    key: RepositoryKey,
    group: string,
    cause: Cause,
  ): Promise<{ readonly manifests: readonly Digest[]; readonly tags: readonly Tag[]; readonly taken: readonly Tag[] }>;
}

/** A manifest that lists a blob: a live one, or one in the recycle bin. */
export interface Lister {
  readonly digest: Digest;
  readonly where: 'live' | 'bin';
}

/** The recycle bin as the data plane needs it. All methods throw `StoreFailure`, and `RegistryError` (`contended`). */
export interface RecycleBin {
  /**
   * Recycles a manifest, all its tags, and its children and referrers that nothing else keeps. Throws `RegistryError`:
   * `manifest-unknown`, `disallowed`.
   */
  recycleManifest(key: RepositoryKey, digest: Digest, by: RecycledBy): Promise<void>;
  /**
   * Recycles a tag; its manifest stays. `false` if there is none. `onlyIfAt` is the digest that it must point at. Throws
   * `RegistryError` (`disallowed`, `conflict`).
   */
  recycleTag(key: RepositoryKey, tag: Tag, by: RecycledBy, onlyIfAt?: Digest): Promise<boolean>;
  /** Recycles all that a repository holds; called again, it goes on. Throws `RegistryError` (`disallowed`). */
  recycleAll(key: RepositoryKey, by: RecycledBy): Promise<{ readonly manifests: Digest[]; readonly tags: Tag[] }>;
  /**
   * Restores for a pull that found nothing what a policy recycled, if the registry's settings say so. `false` if
   * nothing was restored.
   */
  reviveForPull(key: RepositoryKey, reference: Tag | Digest, cause: Cause): Promise<boolean>;
  /** Finds a manifest of the repository that needs a blob, live or in the recycle bin: one of them, by one query. */
  listerOf(key: RepositoryKey, blob: Digest): Promise<Lister | undefined>;
  /**
   * Restores a manifest for a push that lists it. If a policy recycled it, any push restores it; if somebody deleted it,
   * only one that may restore does. `refused` says that it stays, `not there` that it is not in the recycle bin.
   */
  reviveForPush(
    key: RepositoryKey,
    digest: Digest,
    cause: Cause,
    mayRestore: boolean,
  ): Promise<'revived' | 'refused' | 'not there'>;
  /** Restores a manifest with what was recycled along with it, tags too. `false` if it is not in the recycle bin. */
  restoreManifest(key: RepositoryKey, digest: Digest, cause: Cause): Promise<boolean>;
  /**
   * Restores one tag, and its manifest first. `taken` says that the name has another manifest by now, `not there` that
   * it is not in the recycle bin.
   */
  restoreTag(key: RepositoryKey, digest: Digest, tag: Tag, cause: Cause): Promise<'restored' | 'taken' | 'not there'>;
  /** Makes the change that records, in the batch that restores a manifest, that its neighbours are to be reconciled. */
  reconcileMark(key: RepositoryKey, digest: Digest): DocumentChange;
  /** Reconciles the neighbours of a manifest with whether it is live. After a crash a timer does it. */
  reconcile(key: RepositoryKey, digest: Digest, cause: Cause): Promise<void>;
}
