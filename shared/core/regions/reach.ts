import type { Blobs } from '../ports/blobs.ts';
import type { DocumentRef, Documents, ReadDocument } from '../ports/documents.ts';
import type { SendMessage } from '../ports/queues.ts';
import type { Regions } from '../ports/regions.ts';
import type { ReadDocuments } from './documents.ts';
import { nearFirst, withFallback } from './documents.ts';
import { OwnWrites } from './own-writes.ts';
import type { RegionStores } from './storage.ts';
import { regionsOf } from './storage.ts';

/** The stores that an app reaches beyond its own region. */
export interface OtherRegions {
  readonly stores: readonly RegionStores[];
  /** Documents as this region shows them, as far behind as its replica is. */
  readonly near: ReadDocuments;
  /** Resolves when this region's storage answers. */
  readonly probe: () => Promise<unknown>;
}

interface OwnStores {
  readonly documents: Documents;
  readonly blobs: Blobs;
  readonly queues: SendMessage;
  readonly others?: OtherRegions;
}

interface Reached<S> {
  /** This region's stores, with the documents of the write region as long as it answers. */
  readonly stores: S;
  /**
   * Reads documents that never change. Absent where there is only one region: then nothing is nearer than the
   * documents.
   */
  readonly nearby?: ReadDocument;
  readonly regions: Regions;
  /** Notes that these documents were deleted by somebody: this region's state of them is not believed. */
  readonly noteDeleted: (deleted: readonly DocumentRef[]) => void;
}

/**
 * Joins this region's stores with the others'. `seen` wraps ports so that each of their calls is counted. `written` is
 * what the instance has written, whichever of its registries did.
 */
export function reachRegions<S extends OwnStores>(
  own: OwnStores,
  region: string,
  seen: (ports: Partial<OwnStores>) => S,
  written = new OwnWrites(),
): Reached<S> {
  const { others } = own;
  if (others === undefined) {
    const stores = seen(own);
    return {
      stores,
      regions: regionsOf([{ ...stores, name: region, probe: () => Promise.resolve() }]),
      noteDeleted: () => undefined,
    };
  }
  const { documents: near } = seen({
    documents: { ...others.near, commitDocuments: (...commit) => own.documents.commitDocuments(...commit) },
  });
  const { documents: write } = seen(own);
  const stores = { ...seen(own), documents: written.watched(withFallback(write, near)) };
  const elsewhere = others.stores.map(({ name, probe, ...ports }) => ({ ...seen(ports), name, probe }));
  return {
    stores,
    nearby: nearFirst(near, stores.documents, written),
    regions: regionsOf([{ ...stores, name: region, probe: others.probe }, ...elsewhere]),
    noteDeleted: (deleted) => written.remember(deleted),
  };
}
