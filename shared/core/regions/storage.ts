import type { Blobs, DeleteBlob } from '../ports/blobs.ts';
import type { SendMessage } from '../ports/queues.ts';
import type { Regions } from '../ports/regions.ts';
import { inTime } from './in-time.ts';

/** A region's storage account. */
export interface RegionStores {
  readonly name: string;
  readonly blobs: Blobs;
  readonly queues: SendMessage;
  /** Resolves when the account answers; throws when it does not. */
  readonly probe: () => Promise<unknown>;
}

/** What is known of an account is looked into again after this, beside the request that asks. In milliseconds. */
const freshMs = 500;
/** What is older than this is not believed: nobody has asked for so long. In milliseconds. */
const believedMs = 10_000;
/** An account that takes longer is as good as down. In milliseconds. */
const patienceMs = 1_000;

interface Health {
  up: boolean;
  lookedAt: number;
  looking: Promise<void> | undefined;
}

/** `stores` has this region first. One region alone is never probed: there is nowhere else to go. */
export function regionsOf(stores: readonly [RegionStores, ...RegionStores[]]): Regions {
  const byName = new Map(stores.map((store) => [store.name, store]));
  const health = new Map<string, Health>();
  return {
    here: stores[0].name,
    names: stores.map(({ name }) => name),
    blobsIn: (region) => byName.get(region)?.blobs,
    queuesIn: (region) => byName.get(region)?.queues,
    async isUp(region) {
      const store = byName.get(region);
      if (store === undefined) return false;
      return stores.length === 1 || believed(health, store);
    },
  };
}

/**
 * Deletes a blob of a name that is nobody else's in every region. Throws `StoreFailure` where one does not answer: then
 * it is to be done again.
 */
export function everywhere(regions: Regions): DeleteBlob {
  return {
    async deleteBlob(name, ifMatch) {
      const deleted = await Promise.all(
        regions.names.flatMap((region) => regions.blobsIn(region)?.deleteBlob(name, ifMatch) ?? []),
      );
      return deleted.includes(true);
    },
  };
}

async function believed(all: Map<string, Health>, store: RegionStores): Promise<boolean> {
  const health = all.get(store.name) ?? { up: true, lookedAt: -Infinity, looking: undefined };
  all.set(store.name, health);
  const age = performance.now() - health.lookedAt;
  if (age > freshMs) health.looking ??= look(health, store);
  if (age > believedMs) await health.looking;
  return health.up;
}

async function look(health: Health, { probe }: RegionStores): Promise<void> {
  const answered = Promise.resolve()
    .then(probe)
    .then(
      () => true,
      () => false,
    );
  health.up = await inTime(answered, patienceMs, () => false);
  health.lookedAt = performance.now();
  health.looking = undefined;
}
