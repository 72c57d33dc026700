import type { RepositoryKey } from '../../../core/documents/names.ts';
import type { Cause } from '../../../core/events/envelope.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { StoredImage } from '../../../core/ports/images.ts';

/** Which image is to be put on which base. */
export interface RebaseOrder {
  readonly key: RepositoryKey;
  readonly app: StoredImage;
  readonly baseKey: RepositoryKey;
  /** What the image may be built on; the first whose layers it begins with is it. */
  readonly old: readonly Digest[];
  readonly next: StoredImage;
  /** The base's name, as annotations say it; absent where no host is known, and then they do not. */
  readonly said: string | undefined;
  readonly cause: Cause;
  /** Nobody vouches for who pushed it: only where its first layers are the old base's by their digests too. */
  readonly byLayers?: boolean;
}
