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
    /**
     * Returns the source of a registry's events, and without a name that of what registries share; absent where there is
     * one registry.
     */
    readonly sourceOf?: ((registry?: RegistryName) => string) | undefined;
    /**
     * The milliseconds, at least an hour, that a link is kept after the last manifest that needed it, and bytes after
     * their last link.
     */
    readonly graceMs: number;
  };
}
