import type { RepositoryKey } from '../../../core/documents/names.ts';
import type { Cause } from '../../../core/events/envelope.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { StoredImage } from '../../../core/ports/images.ts';

/** An order to rebase an image onto a new base. */
export interface RebaseOrder {
  readonly key: RepositoryKey;
  readonly app: StoredImage;
  readonly baseKey: RepositoryKey;
  /** The digests of the old base's candidates; the first one whose layers the image begins with is the old base. */
  readonly old: readonly Digest[];
  readonly next: StoredImage;
  /** The base's name for annotations; absent where no host is known, and then the image gets none. */
  readonly said: string | undefined;
  readonly cause: Cause;
  /**
   * True if no identity vouches for the pusher: the image is rebased only if the digests of its first layers are the
   * old base's too.
   */
  readonly byLayers?: boolean;
}
