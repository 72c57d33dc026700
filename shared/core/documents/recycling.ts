import type { Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/name.ts';
import type { TakenBy } from '../ports/bin.ts';
import type { ManifestDocument, TagDocument } from './manifest.ts';
import type { RepositoryKey } from './names.ts';

/** The manifests and tags that a policy removes. */
export interface Wanted {
  /** Each goes when it has no tag but those of `tags`, and no live index or subject keeps it. */
  readonly manifests: readonly Digest[];
  /** They go with their manifest, or alone when that is kept. */
  readonly tags: readonly Tag[];
  /** Is asked of each right before it goes, as it is stored then: one that was pushed since the policy judged it stays. */
  readonly isAsJudged: (found: ManifestDocument | TagDocument) => boolean;
}

/** The document that keeps a manifest. */
export type Keeper = 'tag' | 'index' | 'subject';

/** The outcome of a recycling. */
export interface Recycling {
  /** Identifies what went together, for restoring or purging all of it. */
  readonly group: string;
  /** The named manifests that went; children and referrers that nothing else kept went along. */
  readonly manifests: readonly Digest[];
  readonly tags: readonly Tag[];
  /** The named that stayed: locked by an attribute, gone already, pushed since it was judged, or kept. */
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
  recycle(key: RepositoryKey, wanted: Wanted, by: TakenBy): Promise<Recycling>;
}
