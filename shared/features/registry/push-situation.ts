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
import type { Covering } from '../../core/verdicts/coverage.ts';
import type { ImageFacts } from './image-config.ts';

/** A manifest that is to be pushed. */
export interface ManifestPush {
  readonly key: RepositoryKey;
  /** The reference in the URL: a tag, or the digest that the bytes must have. */
  readonly reference: Tag | Digest;
  /** More tags to set in the same transaction (distribution-spec, "Pushing Manifests", `?tag=`). */
  readonly tags: readonly Tag[];
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  readonly cause: Cause;
  /** Absent where the registry itself pushes. */
  readonly asker?: Asker | undefined;
  /** The pusher, which is stored with the tags. */
  readonly pushedBy?: PushedBy | undefined;
  /**
   * True if the pusher has the right `deleted/restore`, and so restores from the recycle bin also what a user deleted
   * and this push does not send.
   */
  readonly mayRestore: boolean;
  /** The digest that the tag must point at for the push to be made; absent, any. */
  readonly onlyIfAt?: Digest | 'nothing';
}

/** The facts that a push has read, and what it adds. */
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
  /** The bytes that a client pulls of each manifest that it lists. */
  readonly children: ReadonlyMap<Digest, number>;
  /** The repository's entry in the catalog. */
  readonly entry: RepositoryDocument;
  /** The manifest as it is stored already. */
  readonly before: Stored<ManifestDocument> | undefined;
  /** The manifest in the recycle bin, which the push restores. */
  readonly binned: Stored<BinnedDocument> | undefined;
  /** True if the pusher may restore what a user deleted. */
  readonly mayRestore: boolean;
  /** The policies that cover the repository. */
  readonly covering: readonly Covering[];
  /** The change that marks the manifest, so that its neighbours are reconciled. */
  readonly reconcileMark: DocumentChange;
  readonly tags: readonly PushedTag[];
  readonly source: string;
  readonly now: Date;
  readonly nextId: () => string;
}

export interface PushedTag {
  readonly name: Tag;
  readonly before: Stored<TagDocument> | undefined;
  /** The manifest that it goes on serving while the pushed one is held; absent where no policy asks for that. */
  readonly previous?: Digest;
}
