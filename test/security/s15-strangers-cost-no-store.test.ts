import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import type { LocalIssuer } from '../shared/features/identity/issuer.ts';
import { startIssuer } from '../shared/features/identity/issuer.ts';
import type { Required } from '../shared/features/identity/required.ts';
import { asAdmin, basic, composeRequired, makeToken, manage, TestClock } from '../shared/features/identity/required.ts';
import { form, knock, statusOf, tally } from './strangers.ts';

const clock = new TestClock();
let issuer: LocalIssuer;
beforeAll(async () => {
  issuer = await startIssuer(() => clock.now());
});
beforeEach(() => {
  issuer.fault = {};
  issuer.asked.length = 0;
});
afterAll(() => issuer.stop());

const bySku = { registry: 'sku', identity: 'sku' } as const;
const exchange = (longshore: Required, token: string, address?: string) =>
  knock(longshore, '/oauth2/exchange', {
    ...form({ grant_type: 'access_token', access_token: token }),
    ...(address === undefined ? {} : { address }),
  });
const trust = (longshore: Required) =>
  manage(longshore, 'PUT', '/trusted-issuers/main', {
    issuer: issuer.url,
    audience: 'longshore',
    conditions: [{ claim: 'sub', is: 'repo:*' }],
    scopeMap: '_repositories_pull',
  });

describe('tokens of made-up issuers', () => {
  it('cost one look at the store in five seconds, however many issuers they name', async () => {
    const longshore = composeRequired({ clock, rateLimits: bySku });
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, n) => issuer.token({ iss: `https://made-up-${n}.example` })),
    );
    longshore.memory.calls.resetCounts();
    for (const token of tokens) expect(await statusOf(exchange(longshore, token))).toBe(401);
    await Promise.all(tokens.map((token) => statusOf(exchange(longshore, token))));
    expect(longshore.memory.calls.list.filter((call) => call === 'documents.query')).toHaveLength(1);
    expect(issuer.asked).toEqual([]);
  });

  it('and forged ones of a trusted issuer cost none', async () => {
    const longshore = composeRequired({ clock, rateLimits: bySku });
    await trust(longshore);
    expect(await statusOf(exchange(longshore, await issuer.token()))).toBe(200);
    longshore.memory.calls.resetCounts();
    for (let n = 0; n < 20; n++)
      expect(
        await statusOf(exchange(longshore, await issuer.token({ repository: `octo/${n}` }, { unpublished: true }))),
      ).toBe(401);
    expect(longshore.memory.calls.list).toEqual([]);
  });

  it('call an issuer that does not answer no more often than strangers may ask', async () => {
    const longshore = composeRequired({ clock, rateLimits: { registry: { read: 40, write: 40, delete: 40 } } });
    await trust(longshore);
    issuer.fault = { status: 500 };
    const token = await issuer.token();
    const statuses: number[] = [];
    for (let n = 0; n < 30; n++) statuses.push(await statusOf(exchange(longshore, token, '192.0.2.7')));
    expect(tally(statuses)).toEqual({ 429: 20, 503: 10 });
    expect(issuer.asked).toHaveLength(10);
  });

  it('that a trusted issuer has signed for somebody else cost none either, however often they are sent', async () => {
    for (const address of [undefined, '192.0.2.7']) {
      const longshore = composeRequired({ clock, rateLimits: bySku });
      await manage(longshore, 'PUT', '/trusted-issuers/main', {
        issuer: issuer.url,
        audience: 'longshore',
        conditions: [{ claim: 'sub', is: 'repo:mine/*' }],
        scopeMap: '_repositories_pull',
      });
      const [foreign, own] = await Promise.all(['repo:other/app', 'repo:mine/app'].map((sub) => issuer.token({ sub })));
      expect(await statusOf(exchange(longshore, foreign ?? '', address))).toBe(401);
      longshore.memory.calls.resetCounts();
      for (let n = 0; n < 50; n++) expect(await statusOf(exchange(longshore, foreign ?? '', address))).toBe(401);
      expect(longshore.memory.calls.list).toEqual([]);
      expect(await statusOf(exchange(longshore, own ?? '', address))).toBe(200);
    }
  });

  it('are trusted at once where the issuer was added, elsewhere within five seconds, and distrusted at once', async () => {
    const longshore = composeRequired({ clock });
    const other = composeRequired({ ...longshore, clock });
    const token = await issuer.token();
    expect([await statusOf(exchange(longshore, token)), await statusOf(exchange(other, token))]).toEqual([401, 401]);
    await trust(longshore);
    expect(await statusOf(exchange(longshore, token))).toBe(200);
    clock.pass(5_000);
    expect(await statusOf(exchange(other, token))).toBe(200);
    await manage(longshore, 'DELETE', '/trusted-issuers/main');
    expect([await statusOf(exchange(longshore, token)), await statusOf(exchange(other, token))]).toEqual([401, 401]);
  });
});

describe('made-up names', () => {
  it('cost what strangers may ask, also when they come again every second', async () => {
    for (const address of [undefined, '192.0.2.7']) {
      const longshore = composeRequired({ rateLimits: { registry: { read: 40, write: 40, delete: 40 } } });
      const password = await makeToken(longshore, 'ci', ['repositories/*/content/read']);
      await meet(longshore);
      longshore.memory.calls.resetCounts();
      const guess = 'guess'.padEnd(43, 'x');
      for (let second = 0; second < 15; second++) {
        for (let n = 0; n < 10; n++)
          await statusOf(
            knock(longshore, '/v2/', {
              headers: basic(`name${n}`, guess),
              ...(address === undefined ? {} : { address }),
            }),
          );
        longshore.clock.pass(1_000);
      }
      // A minute's budget is there at once, and a quarter of a minute adds a quarter of it.
      expect(longshore.memory.calls.total()).toBeLessThanOrEqual((address === undefined ? 20 : 10) * 1.25);
      // Another address, and where addresses are unknown a minute later: the budget of looks is for all of those.
      longshore.clock.pass(address === undefined ? 60_000 : 0);
      expect(
        await statusOf(
          knock(longshore, '/v2/', {
            headers: basic('ci', password),
            ...(address === undefined ? {} : { address: '192.0.2.8' }),
          }),
        ),
      ).toBe(200);
    }
  });
});

const doors = [
  '/api/v1/bases/notify/ghcr',
  '/api/v1/tasks/base/hook',
  '/api/v1/builds/00000000-0000-4000-8000-000000000000/callback?image=team/app:v1',
  '/api/v1/builds/00000000-0000-4000-8000-000000000000/job?image=team/app:v1',
];
const guessAt = (longshore: Required, door: string, token: string, address?: string) =>
  knock(longshore, door, {
    method: 'POST',
    body: JSON.stringify({ repository: { repo_name: 'library/node' }, push_data: { tag: '20' } }),
    headers: { 'x-longshore-token': token, 'content-type': 'application/json' },
    ...(address === undefined ? {} : { address }),
  });

/** Has an instance read what it reads once for all requests: what is open to everyone, and the registry's limits. */
async function meet(longshore: Required): Promise<void> {
  await statusOf(knock(longshore, '/v2/'));
  await statusOf(knock(longshore, '/v2/', { headers: asAdmin }));
}

describe('doors that nobody has made', () => {
  it.each(doors)('%s costs one look at the store, however often it is tried', async (door) => {
    const longshore = composeRequired({ rateLimits: bySku });
    await meet(longshore);
    longshore.memory.calls.resetCounts();
    for (let n = 0; n < 30; n++) expect([401, 429]).toContain(await statusOf(guessAt(longshore, door, `guess ${n}`)));
    expect(longshore.memory.calls.total()).toBeLessThanOrEqual(1);
  });

  it('under ever new names cost what strangers may, and then nothing', async () => {
    const longshore = composeRequired({ rateLimits: { registry: { read: 40, write: 40, delete: 40 } } });
    await meet(longshore);
    longshore.memory.calls.resetCounts();
    for (const address of ['192.0.2.7', undefined])
      for (let n = 0; n < 60; n++)
        await statusOf(
          guessAt(longshore, `/api/v1/tasks/task-${n}${address === undefined ? '' : '-too'}/hook`, 'guess', address),
        );
    // A quarter of the registry's budget for an address, a half for all whose address is unknown; each refusal counts
    // twice: at the door, and for want of credentials.
    expect(longshore.memory.calls.total()).toBeLessThanOrEqual(30);
  });
});

describe('a flood at doors from an address that nobody knows', () => {
  const small = { registry: { read: 40, write: 40, delete: 40 } };
  const floods: readonly [string, (n: number) => string][] = [
    ['doors that are not there', (n) => `/api/v1/tasks/task-${n % 3}/hook`],
    ['ever other doors', (n) => `/api/v1/tasks/task-${n}/hook`],
    ['a door that is there', () => '/api/v1/bases/notify/docker-hub'],
  ];

  it.each(floods)('keeps out no token that comes for the first time: %s', async (_, door) => {
    const before = composeRequired();
    const password = await makeToken(before, 'ci', ['repositories/*/content/read']);
    const longshore = composeRequired({ ...before, rateLimits: small });
    for (let n = 0; n < 100; n++) await statusOf(guessAt(longshore, door(n), 'guess'));
    expect(await statusOf(knock(longshore, '/v2/', { headers: basic('ci', password) }))).toBe(200);
  });

  it.each(floods.filter(([what]) => what !== 'ever other doors'))(
    "keeps out nobody who knows a door's secret: %s",
    async (_, door) => {
      const before = composeRequired();
      const { secret } = await manage<{ readonly secret: string }>(before, 'PUT', '/bases/sources/docker-hub', {});
      const longshore = composeRequired({ ...before, rateLimits: small });
      for (let n = 0; n < 100; n++) await statusOf(guessAt(longshore, door(n), 'guess'));
      expect(await statusOf(guessAt(longshore, '/api/v1/bases/notify/docker-hub', secret))).toBe(202);
    },
  );

  it('ends for a secret that is made anew: at once where that is done, elsewhere within a second', async () => {
    const longshore = composeRequired();
    const other = composeRequired({ ...longshore, clock: longshore.clock });
    const make = async () =>
      (await manage<{ readonly secret: string }>(longshore, 'PUT', '/bases/sources/docker-hub', {})).secret;
    const door = '/api/v1/bases/notify/docker-hub';
    const first = await make();
    expect([await statusOf(guessAt(longshore, door, first)), await statusOf(guessAt(other, door, first))]).toEqual([
      202, 202,
    ]);
    const second = await make();
    expect([await statusOf(guessAt(longshore, door, first)), await statusOf(guessAt(longshore, door, second))]).toEqual(
      [401, 202],
    );
    longshore.clock.pass(1_001);
    expect([await statusOf(guessAt(other, door, first)), await statusOf(guessAt(other, door, second))]).toEqual([
      401, 202,
    ]);
  });
});

describe("guesses at a door's secret", () => {
  const door = '/api/v1/bases/notify/docker-hub';
  const open = async (longshore: Required) =>
    (await manage<{ readonly secret: string }>(longshore, 'PUT', '/bases/sources/docker-hub', {})).secret;

  it('are slowed down for an address, and for no other', async () => {
    const longshore = composeRequired();
    const secret = await open(longshore);
    const statuses: number[] = [];
    for (let n = 0; n < 30; n++) statuses.push(await statusOf(guessAt(longshore, door, `guess ${n}`, '192.0.2.7')));
    expect(tally(statuses)).toEqual({ 401: 6, 429: 24 });
    expect(await statusOf(guessAt(longshore, door, secret, '192.0.2.7'))).toBe(429);
    expect(await statusOf(guessAt(longshore, door, secret, '192.0.2.8'))).toBe(202);
  });

  it('keep out nobody who has shown it from the same address before, nor anybody where addresses are unknown', async () => {
    const longshore = composeRequired();
    const secret = await open(longshore);
    for (const address of ['192.0.2.7', undefined]) {
      expect(await statusOf(guessAt(longshore, door, secret, address))).toBe(202);
      for (let n = 0; n < 30; n++) await statusOf(guessAt(longshore, door, `guess ${n}`, address));
      expect(await statusOf(guessAt(longshore, door, secret, address))).toBe(202);
    }
  });

  it('and a door that was tried before it was made open at once where it is made', async () => {
    const longshore = composeRequired();
    expect(await statusOf(guessAt(longshore, door, 'guess'))).toBe(401);
    const secret = await open(longshore);
    expect(await statusOf(guessAt(longshore, door, secret))).toBe(202);
  });
});

describe('/healthz', () => {
  it('makes one probe for all who ask at once, and for all who ask within five seconds', async () => {
    const time = new TestClock();
    const longshore = composeForTest({ adapters: { clock: time } });
    const ask = () => statusOf(knock(longshore, '/healthz'));
    longshore.memory.calls.resetCounts();
    expect(tally(await Promise.all(Array.from({ length: 100 }, ask)))).toEqual({ 200: 100 });
    time.pass(4_999);
    await ask();
    expect(longshore.memory.calls.list.filter((call) => call === 'documents.probe')).toHaveLength(1);
    time.pass(1);
    longshore.memory.calls.failOn('documents.probe');
    expect(tally(await Promise.all(Array.from({ length: 100 }, ask)))).toEqual({ 503: 100 });
    expect(longshore.memory.calls.list.filter((call) => call === 'documents.probe')).toHaveLength(2);
    longshore.memory.calls.clearFaults();
    time.pass(5_000);
    expect(await ask()).toBe(200);
  });

  it('needs no credentials, whatever strangers have asked before', async () => {
    const longshore = composeRequired({ rateLimits: { registry: { read: 4, write: 4, delete: 4 } } });
    for (let n = 0; n < 20; n++)
      expect(await statusOf(knock(longshore, '/healthz', { address: '192.0.2.7' }))).toBe(200);
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin }))).toBe(200);
  });
});
