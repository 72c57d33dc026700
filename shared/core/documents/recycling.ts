import type { Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/name.ts';
import type { RecycledBy } from '../ports/bin.ts';
import type { ManifestDocument, TagDocument } from './manifest.ts';
import type { RepositoryKey } from './names.ts';

/** The manifests and tags that a policy recycles. */
export interface Wanted {
  /** Each is recycled if it has no tag but those of `tags`, and no live index or subject keeps it. */
  readonly manifests: readonly Digest[];
  /** They are recycled with their manifest, or alone if that is kept. */
  readonly tags: readonly Tag[];
  /**
   * Compares each, as it is stored right before it is recycled, with what the policy judged: one that was pushed since
   * is kept.
   */
  readonly isAsJudged: (found: ManifestDocument | TagDocument) => boolean;
}

/** The document that keeps a manifest. */
export type Keeper = 'tag' | 'index' | 'subject';

/** The outcome of a recycling. */
export interface Recycling {
  /** The id of the deletion, for restoring or purging all of it. */
  readonly group: string;
  /**
   * The named manifests that were recycled; children and referrers that nothing else keeps were recycled along with
   * them.
   */
  readonly manifests: readonly Digest[];
  readonly tags: readonly Tag[];
  /**
   * The named manifests and tags that were not recycled, with the reason: a lock, a deletion or a push since they were
   * judged, or what keeps them.
   */
  readonly stayed: readonly {
    readonly what: Digest | Tag;
    readonly because: 'locked' | 'gone' | 'pushed since' | Keeper;
  }[];
}

/** The recycle bin as policies need it. */
export interface RecycleForPolicies {
  /**
   * Moves what a policy names into the recycle bin, step by step; keep wins, and attributes win. Throws `RegistryError`
   * (`contended`; `disallowed` by the repository's attributes), `StoreFailure`.
   */
  recycle(key: RepositoryKey, wanted: Wanted, by: RecycledBy): Promise<Recycling>;
}
