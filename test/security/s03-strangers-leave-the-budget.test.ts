import { describe, expect, it } from 'vitest';
import { ratesOfSku } from '../../shared/features/identity/ratelimits.ts';
import { sized } from '../deep.ts';
import type { Required } from '../shared/features/identity/required.ts';
import {
  asAdmin,
  basic,
  bearer,
  composeRequired,
  fetchToken,
  makeToken,
  manage,
} from '../shared/features/identity/required.ts';
import { form, knock, statusOf, tally } from './strangers.ts';

const bySku = { registry: 'sku', identity: 'sku' } as const;
const { read, write } = ratesOfSku.standard;

/** More than would leave of the budget what is expected of it, and in the deep tests more than all of it. */
const asked = sized(800, write + 400);

async function many(count: number, one: (n: number) => Promise<Response>): Promise<Record<number, number>> {
  const statuses: number[] = [];
  for (let n = 0; n < count; n++) statuses.push(await statusOf(one(n)));
  return tally(statuses);
}

const pushes = (longshore: Required) =>
  statusOf(
    knock(longshore, '/v2/team/app/blobs/uploads/', { method: 'POST', headers: asAdmin, address: '203.0.113.1' }),
  );
const manages = (longshore: Required) =>
  statusOf(
    knock(longshore, '/api/v1/scope-maps/some', {
      method: 'PUT',
      headers: { ...asAdmin, 'content-type': 'application/json' },
      body: '{"actions":["repositories/a/content/read"]}',
      address: '203.0.113.1',
    }),
  );

const addresses: readonly [string, (n: number) => { readonly address?: string }][] = [
  ['one address', () => ({ address: '192.0.2.7' })],
  ['many addresses', (n) => ({ address: `198.51.${n >> 8}.${n & 255}` })],
  ['an unknown address', () => ({})],
];

const knocks: readonly [string, (longshore: Required, from: object) => Promise<Response>][] = [
  [
    'starting uploads without credentials',
    (longshore, from) => knock(longshore, '/v2/team/app/blobs/uploads/', { method: 'POST', ...from }),
  ],
  [
    'with credentials that are none',
    (longshore, from) =>
      knock(longshore, '/v2/team/app/blobs/uploads/', { method: 'POST', headers: bearer('not.a.token'), ...from }),
  ],
  [
    'asking for tokens without rights',
    (longshore, from) =>
      knock(longshore, '/oauth2/token', {
        ...form({ grant_type: 'password', service: 'registry.test', scope: 'repository:team/app:push' }),
        ...from,
      }),
  ],
  [
    'exchanging tokens that are none',
    (longshore, from) =>
      knock(longshore, '/oauth2/exchange', {
        ...form({ grant_type: 'access_token', access_token: 'not.a.token' }),
        ...from,
      }),
  ],
  [
    'guessing at doors',
    (longshore, from) =>
      knock(longshore, '/api/v1/bases/notify/ghcr?token=guess', { method: 'POST', body: '{}', ...from }),
  ],
];

describe.each(addresses)('a stranger from %s', (_, from) => {
  it.each(knocks)('%s takes nothing of what pushes and the management API may', async (_name, ask) => {
    const longshore = composeRequired({ rateLimits: bySku });
    expect(await pushes(longshore)).toBe(202);
    const answers = await many(asked, (n) => ask(longshore, from(n)));
    expect(Object.keys(answers).filter((status) => status !== '401' && status !== '429')).toEqual([]);
    expect([await pushes(longshore), await manages(longshore)]).toEqual([202, 201]);
    const budget = await knock(longshore, '/v2/team/app/blobs/uploads/', {
      method: 'POST',
      headers: asAdmin,
      address: '203.0.113.1',
    });
    expect(Number(/r=(\d+)/.exec(budget.headers.get('ratelimit') ?? '')?.[1])).toBeGreaterThan(1_400);
  });
});

describe('the budgets', () => {
  it('stop one stranger at its own address, and no other', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    const answers = await many(read / 4 + 10, () =>
      knock(longshore, '/v2/', { headers: bearer('not.a.token'), address: '192.0.2.7' }),
    );
    expect(answers).toEqual({ 401: read / 4, 429: 10 });
    expect(await statusOf(knock(longshore, '/v2/', { headers: bearer('not.a.token'), address: '192.0.2.8' }))).toBe(
      401,
    );
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin, address: '192.0.2.7' }))).toBe(200);
  });

  it.each([undefined, '192.0.2.7'])(
    'tell every client to log in, also from an address that is used up (%s), as a login begins with that',
    async (address) => {
      const longshore = composeRequired({ rateLimits: { registry: { read: 20, write: 20, delete: 20 } } });
      const at = address === undefined ? {} : { address };
      await many(50, () => knock(longshore, '/v2/', { headers: bearer('not.a.token'), ...at }));
      expect(await many(50, () => knock(longshore, '/v2/', at))).toEqual({ 401: 50 });
    },
  );

  it("keep half of the registry's for who is proven, when everyone may pull and everyone does", async () => {
    const longshore = composeRequired({ rateLimits: { registry: { read: 40, write: 40, delete: 40 } } });
    await manage(longshore, 'PUT', '/anonymous', { repositories: ['*'] });
    const pull = (more: object) => knock(longshore, '/v2/team/app/tags/list', more);
    expect(await many(60, (n) => pull({ address: `198.51.100.${n}` }))).toEqual({ 404: 20, 429: 40 });
    expect(await many(20, () => pull({ headers: asAdmin }))).toEqual({ 404: 20 });
  });

  it("let no identity have all of the registry's, whatever it is allowed", async () => {
    const longshore = composeRequired({
      rateLimits: {
        registry: { read: 40, write: 40, delete: 40 },
        identity: { read: 1_000, write: 1_000, delete: 1_000 },
      },
    });
    const password = await makeToken(longshore, 'ci', ['repositories/*/content/read']);
    const list = (headers: Record<string, string>) => knock(longshore, '/v2/team/app/tags/list', { headers });
    const { access_token } = await fetchToken(longshore, basic('ci', password), [
      'repository:team/app:metadata_read,pull',
    ]);
    expect(await many(50, () => list(bearer(access_token)))).toEqual({ 404: 29, 429: 21 });
    expect(await statusOf(list(asAdmin))).toBe(404);
  });

  it('count what an identity may not do against itself alone', async () => {
    const longshore = composeRequired({ rateLimits: { registry: { read: 40, write: 40, delete: 40 } } });
    const password = await makeToken(longshore, 'ci', ['repositories/mine/content/read']);
    expect(await many(100, () => knock(longshore, '/v2/other/tags/list', { headers: basic('ci', password) }))).toEqual({
      403: 100,
    });
    expect(await many(30, () => knock(longshore, '/v2/other/tags/list', { headers: asAdmin }))).toEqual({ 404: 30 });
  });

  it('forget no identity when strangers come from more addresses than are remembered', async () => {
    const longshore = composeRequired({
      rateLimits: { registry: { read: 40, write: 40, delete: 40 }, identity: { read: 5, write: 40, delete: 40 } },
    });
    const mine = () => statusOf(knock(longshore, '/v2/', { headers: asAdmin }));
    for (let n = 0; n < 5; n++) await mine();
    await many(10_500, (n) =>
      knock(longshore, '/v2/', {
        headers: bearer('not.a.token'),
        address: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`,
      }),
    );
    expect(await mine()).toBe(429);
  });
});
