import type { ServiceGetUserDelegationKeyResponse } from '@azure/storage-blob';
import { BlobServiceClient } from '@azure/storage-blob';
import { describe, expect, it, vi } from 'vitest';
import { cachedDelegationKey } from '../../shared/adapters/azure/delegationkey.ts';
import { blobUrlSigner } from '../../shared/adapters/azure/signblob.ts';

const hourMs = 3_600_000;
const answer = (value: string, signedStartsOn: Date, signedExpiresOn: Date) => {
  const fields = {
    value,
    signedStartsOn,
    signedExpiresOn,
    signedObjectId: 'object',
    signedTenantId: 'tenant',
    signedService: 'b',
    signedVersion: '2024-11-04',
  };
  return fields as unknown as ServiceGetUserDelegationKeyResponse;
};

describe('the key that an identity signs with', () => {
  const setup = () => {
    const fetched: [Date, Date | undefined][] = [];
    let now = Date.parse('2026-03-01T00:00:00Z');
    let failures = 0;
    const fetchKey = async (startsOn: Date, expiresOn: Date): Promise<ServiceGetUserDelegationKeyResponse> => {
      fetched.push([startsOn, expiresOn]);
      await Promise.resolve();
      if (failures > 0) {
        failures -= 1;
        throw new Error('forbidden');
      }
      return answer(String(fetched.length), startsOn, expiresOn);
    };
    const key = cachedDelegationKey(fetchKey, () => now);
    return { key, fetched, advance: (ms: number) => (now += ms), fail: (times: number) => (failures = times) };
  };

  it('is fetched once for many who ask at once, valid from 15 minutes ago for 6 hours', async () => {
    const { key, fetched } = setup();
    const keys = await Promise.all([key(), key(), key()]);
    expect(keys.map(({ value }) => value)).toEqual(['1', '1', '1']);
    expect(fetched).toEqual([[new Date('2026-02-28T23:45:00Z'), new Date('2026-03-01T06:00:00Z')]]);
  });

  it('is renewed when half of its life is over', async () => {
    const { key, advance } = setup();
    await key();
    advance(3 * hourMs - 1);
    expect((await key()).value).toBe('1');
    advance(1);
    expect((await key()).value).toBe('2');
  });

  it('is asked for again after a failure', async () => {
    const { key, fail } = setup();
    fail(1);
    await expect(key()).rejects.toThrow('forbidden');
    expect((await key()).value).toBe('2');
  });
});

describe('a URL signed by an identity', () => {
  it('reads one blob over https, from 15 minutes ago for as long as was asked', async () => {
    const credential = { getToken: () => Promise.resolve({ token: 'token', expiresOnTimestamp: Date.now() + hourMs }) };
    const service = new BlobServiceClient('https://acme.blob.core.windows.net', credential);
    vi.spyOn(service, 'getUserDelegationKey').mockResolvedValue(
      answer('a2V5', new Date(), new Date(Date.now() + hourMs)),
    );
    const before = Math.floor(Date.now() / 1000) * 1000;
    const url = new URL(await blobUrlSigner(service, service.getContainerClient('blobs'))('2026/a b', 600));
    expect(url.origin + url.pathname).toBe('https://acme.blob.core.windows.net/blobs/2026/a%20b');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      sp: 'r',
      sr: 'b',
      spr: 'https',
      skoid: 'object',
      sktid: 'tenant',
    });
    expect(Date.parse(url.searchParams.get('se') ?? '') - before).toBeLessThanOrEqual(602_000);
    expect(Date.parse(url.searchParams.get('se') ?? '') - before).toBeGreaterThanOrEqual(600_000);
    expect(Date.parse(url.searchParams.get('st') ?? '')).toBeLessThanOrEqual(before - 898_000);
  });
});
