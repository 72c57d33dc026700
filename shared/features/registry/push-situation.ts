import type { BinnedDocument } from '../../core/documents/bin.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import type { Stored } from '../../core/documents/stored.ts';
import type { Cause } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Manifest } from '../../core/oci/manifest.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { PushedBy } from '../../core/oci/principal.ts';
import type { Asker } from '../../core/ports/authorize.ts';
import type { DocumentChange } from '../../core/ports/documents.ts';
import type { ImageFacts } from './image-config.ts';

/** One manifest that is to be pushed. */
export interface ManifestPush {
  readonly key: RepositoryKey;
  /** What the URL names: a tag, or the digest that the bytes must have. */
  readonly reference: Tag | Digest;
  /** More tags to set in the same transaction (distribution-spec, "Pushing Manifests", `?tag=`). */
  readonly tags: readonly Tag[];
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  readonly cause: Cause;
  /** Absent where the registry itself pushes. */
  readonly asker?: Asker | undefined;
  /** On whose word: it is kept with the tags. */
  readonly pushedBy?: PushedBy | undefined;
  /**
   * Whether who pushes may bring back from the bin what somebody deleted and this push does not send: the right
   * `deleted/restore`.
   */
  readonly mayRestore: boolean;
  /** What the tag must point at for the push to happen; absent, anything. */
  readonly onlyIfAt?: Digest | 'nothing';
}

/** What a push found when it looked, and what it brings. */
export interface PushSituation {
  readonly push: {
    readonly key: RepositoryKey;
    readonly bytes: Uint8Array;
    readonly cause: Cause;
    readonly pushedBy?: PushedBy | undefined;
  };
  readonly manifest: Manifest;
  readonly digest: Digest;
  readonly content: ManifestDocument['content'];
  readonly image: ImageFacts;
  /** The sizes of the blobs that it references and that the repository has. */
  readonly stored: ReadonlyMap<Digest, number>;
  /** The repository's, in the catalog. */
  readonly entry: RepositoryDocument;
  /** What is stored already: the same manifest, and what each pushed tag points at. */
  readonly before: Stored<ManifestDocument> | undefined;
  /** It lies in the bin: the push brings it back. */
  readonly binned: Stored<BinnedDocument> | undefined;
  /** Whether who pushes may bring back what somebody deleted. */
  readonly mayRestore: boolean;
  /** The change that says that its surroundings are to be settled. */
  readonly settling: DocumentChange;
  readonly tags: readonly PushedTag[];
  readonly source: string;
  readonly now: Date;
  readonly nextId: () => string;
}

export interface PushedTag {
  readonly name: Tag;
  readonly before: Stored<TagDocument> | undefined;
}
