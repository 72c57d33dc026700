import type { RegistryName } from '../../core/oci/name.ts';
import type { Blobs, ListBlobs } from '../../core/ports/blobs.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { Log } from '../../core/ports/log.ts';
import type { PublishEvents } from '../../core/ports/topic.ts';

/** The ports of collection. */
export interface CollectionPorts {
  readonly documents: Documents;
  /** Blob Storage of this region. */
  readonly blobs: Pick<Blobs, 'deleteBlob'> & ListBlobs;
  readonly topic: PublishEvents;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  readonly settings: {
    /** This region's name, as in the copies of a blob's document. */
    readonly region: string;
    readonly eventSource: string;
    /** Returns the `source` of a registry, and without a name that of what all share; absent where there is one registry. */
    readonly sourceOf?: ((registry?: RegistryName) => string) | undefined;
    /** How long a link outlives the last that needed it, and bytes their last link. In milliseconds, at least an hour. */
    readonly graceMs: number;
  };
}
