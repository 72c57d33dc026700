import type { Clock } from '../../core/ports/clock.ts';
import { systemClock } from '../../core/ports/clock.ts';
import { BlobStore } from './blobstore.ts';
import { DocumentStore } from './documentstore.ts';
import { QueueStore } from './queuestore.ts';
import { SecretStore } from './secrets.ts';
import { PublishedEvents } from './topic.ts';

/**
 * The stores of one region, which has a storage account and a topic of its own; documents are one account and secrets
 * one vault for all regions.
 */
interface MemoryRegion {
  readonly blobs: BlobStore;
  readonly queues: QueueStore;
  readonly events: PublishedEvents;
}

/** All that is durable. Processes (`connectMemory`) come, crash and go; this stays. */
export interface MemoryWorld {
  readonly clock: Clock;
  readonly documents: DocumentStore;
  readonly secrets: SecretStore;
  /** Returns the region of this name, made on first use; `home` without one. */
  region(name?: string): MemoryRegion;
  /** Returns the store whose blobs have signed URLs at this host. */
  storeAt(host: string): BlobStore;
}

/** Makes a world; `clock` drives ttl, lag, delays of messages and the life of signed URLs. */
export function createMemoryWorld(options: { readonly clock?: Clock } = {}): MemoryWorld {
  const clock = options.clock ?? systemClock;
  const regions = new Map<string, MemoryRegion>();
  return {
    clock,
    documents: new DocumentStore(clock),
    secrets: new SecretStore(),
    region(name = 'home') {
      const region = regions.get(name) ?? {
        blobs: new BlobStore(clock, name),
        queues: new QueueStore(clock),
        events: new PublishedEvents(),
      };
      regions.set(name, region);
      return region;
    },
    storeAt(host) {
      const found = [...regions.values()].find(({ blobs }) => blobs.host === host);
      if (found === undefined) throw new TypeError(`no region's blobs are at ${host}`);
      return found.blobs;
    },
  };
}
