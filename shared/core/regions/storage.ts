import type { Blobs, DeleteBlob } from '../ports/blobs.ts';
import type { SendMessage } from '../ports/queues.ts';
import type { Regions } from '../ports/regions.ts';
import { inTime } from './in-time.ts';

/** A region's storage account. */
export interface RegionStores {
  readonly name: string;
  readonly blobs: Blobs;
  readonly queues: SendMessage;
  /** Resolves when the account answers; rejects when it does not. */
  readonly probe: () => Promise<unknown>;
}

/** The health of an account is checked again after this many milliseconds, beside the request that asks for it. */
const maxAgeMs = 500;
/** Health that is older than this many milliseconds is not believed: the request waits for the check. */
const believedMs = 10_000;
/** An account that needs longer than this many milliseconds counts as down. */
const timeoutMs = 1_000;

interface Health {
  up: boolean;
  checkedAt: number;
  checking: Promise<void> | undefined;
}

/**
 * Gives access to the regions' storage; `stores` has this region first. A single region is never probed: there is no
 * other to use.
 */
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
 * Deletes a blob in every region, by a name that nobody else uses. Throws `StoreFailure` if a region does not answer:
 * the deletion must then be repeated.
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
  const health = all.get(store.name) ?? { up: true, checkedAt: -Infinity, checking: undefined };
  all.set(store.name, health);
  const age = performance.now() - health.checkedAt;
  if (age > maxAgeMs) health.checking ??= checkHealth(health, store);
  if (age > believedMs) await health.checking;
  return health.up;
}

async function checkHealth(health: Health, { probe }: RegionStores): Promise<void> {
  const answered = Promise.resolve()
    .then(probe)
    .then(
      () => true,
      () => false,
    );
  health.up = await inTime(answered, timeoutMs, () => false);
  health.checkedAt = performance.now();
  health.checking = undefined;
}
