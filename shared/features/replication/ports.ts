import type { RegistryName } from '../../core/oci/name.ts';
import type { Blobs } from '../../core/ports/blobs.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Regions } from '../../core/ports/regions.ts';
import type { TellReplication } from '../../core/ports/replication.ts';
import type { PublishEvents } from '../../core/ports/topic.ts';

/** The ports of replication. */
export interface ReplicationPorts {
  readonly documents: Documents;
  /** The blobs of this region. */
  readonly blobs: Blobs;
  readonly regions: Regions;
  readonly topic: PublishEvents;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  readonly metrics: TellReplication;
  readonly registry: RegistryName;
  readonly eventSource: string;
  /**
   * `source` of the events of another registry of the deployment; absent where there is one, and no other's copies and
   * blobs are met.
   */
  readonly sourceOf?: ((registry: RegistryName) => string) | undefined;
  readonly settings: CopySettings;
}

export interface CopySettings {
  /** The bytes that the store is asked to fetch at once. */
  readonly blockBytes: number;
  /** The milliseconds for which a copying process may be silent before another one takes over. */
  readonly leaseMs: number;
}

/**
 * The limit of Blob Storage's own bandwidth planning (docs/replication.md); a block is fetched in less than a lease on
 * any line.
 */
export const usualCopySettings: CopySettings = { blockBytes: 100 * 1024 * 1024, leaseMs: 180_000 };
