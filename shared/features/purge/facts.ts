import type { Digest } from '../../core/oci/digest.ts';
import type { RepositoryName, Tag } from '../../core/oci/name.ts';

/** The facts about one manifest. Times are in milliseconds since 1970, as everywhere in judgements. */
export interface ManifestFacts {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly pushedAt: number;
  /** The time at which an index that lists it was pushed, or at which it was restored. */
  readonly heldAt?: number;
  /** The time at which it was first seen without a tag; now for one that was never seen so. */
  readonly untaggedSince: number;
  /** The manifest's artifact type, and the media type of its config. */
  readonly types: readonly string[];
  /** The annotations, and the labels of the config. `unknown` if the document does not have them. */
  readonly labels: readonly Readonly<Record<string, string>>[] | 'unknown';
  /** The time of the last pull by digest, if one is known. */
  readonly pulledAt?: number;
  /** The attribute that forbids the deletion. */
  readonly locked?: string;
  /** The reason why another gate refuses the deletion, in words. */
  readonly refused?: string;
  /** True if it refers to another manifest, by its subject or by its tags, and so is no image. */
  readonly isAbout?: true;
  readonly inUse?: { readonly source: string; readonly until: number };
}

export interface TagFacts {
  readonly name: Tag;
  readonly pushedAt: number;
  readonly pulledAt?: number;
  readonly locked?: string;
  readonly refused?: string;
  /**
   * The live manifest that its name refers to, in the form that cosign, regclient and OCI's referrers' tag schema use.
   */
  readonly about?: Digest;
}

/** The facts about one manifest, its tags, and the manifests that are removed along with it. */
export interface Facts {
  readonly repository: RepositoryName;
  /** The attribute of the repository that forbids deletions in it. */
  readonly repositoryLocked?: string;
  readonly repositoryRefused?: string;
  readonly manifest: ManifestFacts;
  readonly tags: readonly TagFacts[];
  /** A live index that lists it, or the live subject that it refers to. */
  readonly keeper?: { readonly is: 'index' | 'subject'; readonly digest: Digest };
  /**
   * The children and referrers that nothing else keeps, and theirs. `isChild` means that a client that pulls it pulls
   * the manifest.
   */
  readonly along: readonly (ManifestFacts & { readonly isChild: boolean })[];
  /** The tags of the repository, the last pushed first; not all, but as many as decide every rule that counts them. */
  readonly newestTags: readonly Tag[];
  /** The time since which every pull is known. */
  readonly trackedSince?: number;
}
