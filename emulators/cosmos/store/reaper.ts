import type { DatabaseSync } from 'node:sqlite';
import { shrink } from '../../shrink.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { ItemTable } from './item-table.ts';
import type { Replica } from './replica.ts';

const INTERVAL_MS = 1000;

/** Per table and round: few enough that no request waits long behind it. */
const BATCH = 500;

function* tables(catalog: Catalog, replicas: readonly Replica[]): Generator<ItemTable> {
  for (const { items } of catalog.containers()) yield items;
  for (const replica of replicas) yield* replica.tables();
}

/**
 * Removes expired items in the background, and gives their place back to the disk; readers do not see them in the
 * meantime. @returns how to stop it
 */
export function startReaper(
  db: DatabaseSync,
  catalog: Catalog,
  replicas: readonly Replica[],
  now: () => number,
): () => void {
  const timer = setInterval(() => {
    for (const replica of replicas) replica.catchUp(now());
    for (const table of tables(catalog, replicas)) table.purgeExpired(now(), BATCH);
    shrink(db);
  }, INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
