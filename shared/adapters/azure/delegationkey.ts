import type { ServiceGetUserDelegationKeyResponse } from '@azure/storage-blob';

const hourMs = 3_600_000;
/** Azure allows 7 days; a shorter life bounds what a leaked key is good for. */
const lifeMs = 6 * hourMs;
/** A clock that is ahead of Azure's would ask for a key that is not valid yet. */
const skewMs = 900_000;

export type DelegationKey = ServiceGetUserDelegationKeyResponse;

/**
 * The key that an identity signs SAS with: fetched once, renewed when half of its life is over, by one call for all who
 * wait.
 */
export function cachedDelegationKey(
  fetchKey: (startsOn: Date, expiresOn: Date) => Promise<DelegationKey>,
  now = () => Date.now(),
): () => Promise<DelegationKey> {
  let current: { readonly key: Promise<DelegationKey>; readonly fetchedAt: number } | undefined;
  return () => {
    if (current !== undefined && now() - current.fetchedAt < lifeMs / 2) return current.key;
    const fetchedAt = now();
    const key = fetchKey(new Date(fetchedAt - skewMs), new Date(fetchedAt + lifeMs));
    const mine = { key, fetchedAt };
    current = mine;
    // A failed fetch is not kept: the next signature tries again.
    key.catch(() => {
      if (current === mine) current = undefined;
    });
    return key;
  };
}
