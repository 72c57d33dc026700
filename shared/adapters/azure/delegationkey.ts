import type { ServiceGetUserDelegationKeyResponse } from '@azure/storage-blob';

const hourMs = 3_600_000;
/** The life of a key: Azure allows 7 days, and a shorter one bounds the use of a leaked key. */
const lifeMs = 6 * hourMs;
/** The start lies back by this: a clock that is ahead of Azure's would ask for a key that is not valid yet. */
const skewMs = 900_000;

export type DelegationKey = ServiceGetUserDelegationKeyResponse;

/**
 * Caches the key that an identity signs SAS with: it is fetched once, and renewed when half of its life is over, by one
 * call for all who wait.
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
