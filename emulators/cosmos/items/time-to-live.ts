import type { Json } from '../json.ts';
import { badRequest } from '../refusal.ts';
import type { ItemRow } from '../store/item-table.ts';

const NEVER = -1;
const MAX_SECONDS = 2_147_483_647;

function assertTtl(ttl: Json): asserts ttl is number {
  if (typeof ttl === 'number' && Number.isInteger(ttl) && (ttl === NEVER || (ttl > 0 && ttl <= MAX_SECONDS))) return;
  throw badRequest(
    `The input ttl '${JSON.stringify(ttl)}' is invalid. Ensure to provide a nonzero positive ` +
      `(less than or equal to '${MAX_SECONDS}') integer value, or '-1' which means never expire.`,
  );
}

/**
 * Returns when an item that is written now expires, in milliseconds since the epoch; null is never. An item's own `ttl`
 * counts only in a container with a default, be it -1.
 */
export function expiryOf(defaultTtl: number | null | undefined, ttl: Json | undefined, now: number): number | null {
  if (ttl !== undefined && ttl !== null) assertTtl(ttl);
  if (defaultTtl === undefined || defaultTtl === null) return null;
  const seconds = ttl ?? defaultTtl;
  return seconds === NEVER ? null : now + seconds * 1000;
}

/** An expired item is gone for every reader at once, whenever it is removed from the file. */
export const isExpired = (row: Pick<ItemRow, 'expires'>, now: number): boolean =>
  row.expires !== null && row.expires <= now;
