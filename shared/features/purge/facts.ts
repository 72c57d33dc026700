import type { Digest } from '../../core/oci/digest.ts';
import type { RepositoryName, Tag } from '../../core/oci/name.ts';

/** Times are in milliseconds since 1970, as everywhere in the judgement. */
export interface ManifestFacts {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly pushedAt: number;
  /** When an index that lists it was pushed, or it came back from the bin. */
  readonly heldAt?: number;
  /** When it was first seen without a tag; moves to now for one that was never seen so. */
  readonly untaggedSince: number;
  /** Its own, and the media type of its config. */
  readonly types: readonly string[];
  /** Annotations, and labels of the config. `unknown` where they are not in the document. */
  readonly labels: readonly Readonly<Record<string, string>>[] | 'unknown';
  /** Of the last pull by digest, if any is known. */
  readonly pulledAt?: number;
  /** Which attribute forbids to delete it. */
  readonly locked?: string;
  /** Why another gate refuses to delete it, in words. */
  readonly refused?: string;
  /** It is about another manifest, by its subject or by its tags: no image. */
  readonly isAbout?: true;
  readonly inUse?: { readonly source: string; readonly until: number };
}

export interface TagFacts {
  readonly name: Tag;
  readonly pushedAt: number;
  readonly pulledAt?: number;
  readonly locked?: string;
  readonly refused?: string;
  /** The live manifest that its name says it is about, as cosign, regclient and OCI's fallback name what they push. */
  readonly about?: Digest;
}

/** What is known of one manifest, its tags, and what goes along with it when it goes. */
export interface Facts {
  readonly repository: RepositoryName;
  /** Which attribute of the repository forbids to delete what it holds. */
  readonly repositoryLocked?: string;
  readonly repositoryRefused?: string;
  readonly manifest: ManifestFacts;
  readonly tags: readonly TagFacts[];
  /** A live index that lists it, or the live subject that it refers to. */
  readonly keeper?: { readonly is: 'index' | 'subject'; readonly digest: Digest };
  /** Children and referrers that nothing else keeps, theirs too. `isChild`: whoever pulls it pulls the manifest. */
  readonly along: readonly (ManifestFacts & { readonly isChild: boolean })[];
  /** Tags of the repository, the last pushed first; not all, but as many as decide every rule that counts them. */
  readonly newestTags: readonly Tag[];
  /** Since when every pull is known. */
  readonly trackedSince?: number;
}
