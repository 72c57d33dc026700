import { describe, expect, it } from 'vitest';
import { cheapPasswords } from '../../shared/app/compose-for-test.ts';
import { readStored } from '../../shared/core/documents/stored.ts';
import type { RegistryName } from '../../shared/core/oci/name.ts';
import { namedRef, tokenDocumentSchema } from '../../shared/features/identity/documents.ts';
import { sized } from '../deep.ts';
import type { Required } from '../shared/features/identity/required.ts';
import {
  adminPassword,
  asAdmin,
  basic,
  composeRequired,
  fetchToken,
  makeToken,
} from '../shared/features/identity/required.ts';
import { form, knock, statusOf, tally } from './strangers.ts';

const anyRepository = ['repositories/*/content/read'];
const service = 'registry.test';
const bySku = { registry: 'sku', identity: 'sku' } as const;

/** A password of the right form that is not right. */
const guess = (n: number) => `guess${n}`.padEnd(43, 'x');

type Flow = (longshore: Required, user: string, password: string, address?: string) => Promise<number>;

const flows: readonly [string, Flow][] = [
  [
    'GET /oauth2/token with user and password',
    (longshore, user, password, address) =>
      statusOf(
        knock(longshore, `/oauth2/token?service=${service}`, {
          headers: basic(user, password),
          ...(address === undefined ? {} : { address }),
        }),
      ),
  ],
  [
    'POST /oauth2/token with grant_type=password',
    (longshore, user, password, address) =>
      statusOf(
        knock(longshore, '/oauth2/token', {
          ...form({ grant_type: 'password', service, username: user, password }),
          ...(address === undefined ? {} : { address }),
        }),
      ),
  ],
  [
    'user and password at /v2 itself',
    (longshore, user, password, address) =>
      statusOf(
        knock(longshore, '/v2/', { headers: basic(user, password), ...(address === undefined ? {} : { address }) }),
      ),
  ],
];

const addresses: readonly [string, string | undefined][] = [
  ['one address', '192.0.2.7'],
  ['an unknown address', undefined],
];

describe.each(addresses)('200 right logins at once from %s', (_, address) => {
  it.each(flows)('by %s all get in', async (_name, login) => {
    const longshore = composeRequired({ rateLimits: bySku });
    const password = await makeToken(longshore, 'ci', anyRepository);
    for (const [user, secret] of [
      ['ci', password],
      ['admin', adminPassword],
    ] as const) {
      expect(
        tally(await Promise.all(Array.from({ length: 200 }, () => login(longshore, user, secret, address)))),
      ).toEqual({ 200: 200 });
    }
  });

  it('by refresh token all get in', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    const password = await makeToken(longshore, 'ci', anyRepository);
    const { refresh_token = '' } = await fetchToken(longshore, basic('ci', password), [], '&offline_token=true');
    const fields = { grant_type: 'refresh_token', service, refresh_token };
    expect(
      tally(
        await Promise.all(
          Array.from({ length: 200 }, () =>
            statusOf(
              knock(longshore, '/oauth2/token', { ...form(fields), ...(address === undefined ? {} : { address }) }),
            ),
          ),
        ),
      ),
    ).toEqual({ 200: 200 });
  });

  it('of 40 tokens all get in, also those whose passwords an earlier version has hashed', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    const passwords = await Promise.all(
      Array.from({ length: 40 }, (__, n) => makeToken(longshore, `ci${n}`, anyRepository)),
    );
    for (let n = 0; n < 4; n++) await hashAsBefore(longshore, `ci${n}`, passwords[n] ?? '');
    const logins = Array.from({ length: 200 }, (__, n) =>
      statusOf(
        knock(longshore, '/v2/', {
          headers: basic(`ci${n % 40}`, passwords[n % 40] ?? ''),
          ...(address === undefined ? {} : { address }),
        }),
      ),
    );
    expect(tally(await Promise.all(logins))).toEqual({ 200: 200 });
  }, 60_000);
});

/** As versions before kept it: scrypt, in base64url. */
async function hashAsBefore({ memory }: Required, name: string, password: string): Promise<void> {
  const stored = await readStored(
    memory.documents,
    tokenDocumentSchema,
    namedRef('default' as RegistryName, 'token', name),
  );
  if (stored === undefined) throw new Error(`no token ${name}`);
  const { document } = stored;
  const { password1, password2 } = document.passwords;
  if (password1 === undefined || password2 === undefined) throw new Error('no passwords');
  const passwords = {
    password1: { ...password1, hash: await cheapPasswords.hashPassword(password, document.salt) },
    password2: { ...password2, hash: await cheapPasswords.hashPassword('of nobody', document.salt) },
  };
  await memory.documents.commitDocuments(
    'registries',
    ['default'],
    [{ do: 'upsert', document: { ...document, passwords } }],
  );
}

describe('a password that an earlier version has hashed', () => {
  it('keeps working, and a wrong one does not', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'old', anyRepository);
    await hashAsBefore(longshore, 'old', password);
    expect(await statusOf(knock(longshore, '/v2/', { headers: basic('old', guess(1)) }))).toBe(401);
    expect(await statusOf(knock(longshore, '/v2/', { headers: basic('old', password) }))).toBe(200);
    expect(await statusOf(knock(longshore, '/v2/', { headers: basic('old', guess(2)) }))).toBe(401);
    const other = composeRequired(longshore);
    expect(await statusOf(knock(other, '/v2/', { headers: basic('old', password) }))).toBe(200);
  });
});

describe('a guesser', () => {
  it('at 100 addresses keeps nobody out: the right user of each name gets in at the first try', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    const passwords = await Promise.all(
      Array.from({ length: 5 }, (_, n) => makeToken(longshore, `ci${n}`, anyRepository)),
    );
    const fresh = composeRequired({ ...longshore, rateLimits: bySku });
    const names = ['admin', ...passwords.map((__, n) => `ci${n}`)];
    const guesses = Array.from({ length: 200 }, (_, n) =>
      statusOf(
        knock(fresh, '/v2/', {
          headers: basic(names[n % names.length] ?? '', guess(n)),
          address: `198.51.100.${n % 100}`,
        }),
      ),
    );
    const right = names.map((name, n) =>
      statusOf(
        knock(fresh, '/v2/', {
          headers: basic(name, name === 'admin' ? adminPassword : (passwords[n - 1] ?? '')),
          address: `203.0.113.${n}`,
        }),
      ),
    );
    expect(await Promise.all(right)).toEqual(names.map(() => 200));
    expect(Object.keys(tally(await Promise.all(guesses)))).toEqual(['401']);
  }, 60_000);

  it.each(flows)('behind the same address keeps out no token, by %s', async (_, login) => {
    const longshore = composeRequired({ rateLimits: bySku });
    const password = await makeToken(longshore, 'ci', anyRepository);
    const guesses = await Promise.all(
      Array.from({ length: 60 }, (__, n) => login(longshore, 'ci', guess(n), '192.0.2.7')),
    );
    expect(tally(guesses)).toEqual({ 401: 6, 429: 54 });
    expect(await login(longshore, 'ci', password, '192.0.2.7')).toBe(200);
  });

  it('behind the same address keeps out neither other names nor an administrator who has come from there before', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    const address = '192.0.2.7';
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin, address }))).toBe(200);
    for (let n = 0; n < 28; n++)
      expect([401, 429]).toContain(
        await statusOf(knock(longshore, '/v2/', { headers: basic('admin', guess(n)), address })),
      );
    longshore.clock.pass(61_000);
    for (let n = 0; n < 28; n++)
      await statusOf(knock(longshore, '/v2/', { headers: basic('admin', guess(n)), address }));
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin, address }))).toBe(200);
    const password = await makeToken(longshore, 'ci', anyRepository);
    expect(await statusOf(knock(longshore, '/v2/', { headers: basic('ci', password), address }))).toBe(200);
  });

  it('who has never shown the right password waits, and does not learn it by waiting less', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    // Proven elsewhere, so that it lies in the memory of this instance.
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin, address: '203.0.113.1' }))).toBe(200);
    for (let n = 0; n < 6; n++)
      await statusOf(knock(longshore, '/v2/', { headers: basic('admin', guess(n)), address: '192.0.2.7' }));
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin, address: '192.0.2.7' }))).toBe(429);
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin, address: '192.0.2.8' }))).toBe(200);
  });

  it('waits on, whatever other names are tried from everywhere meanwhile', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin, address: '203.0.113.1' }))).toBe(200);
    for (let n = 0; n < 6; n++)
      await statusOf(knock(longshore, '/v2/', { headers: basic('admin', guess(n)), address: '192.0.2.7' }));
    // More than are remembered.
    for (let n = 0; n < 10_100; n++)
      await statusOf(knock(longshore, '/v2/', { headers: basic(`name${n}`, 'x'), address: `192.0.2.${n % 8}` }));
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin, address: '192.0.2.7' }))).toBe(429);
  }, 60_000);

  it('whose address nobody knows does not keep the administrator out', async () => {
    const longshore = composeRequired({ rateLimits: bySku });
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin }))).toBe(200);
    longshore.clock.pass(61_000);
    for (let n = 0; n < 100; n++)
      expect([401, 429]).toContain(await statusOf(knock(longshore, '/v2/', { headers: basic('admin', guess(n)) })));
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin }))).toBe(200);
  });

  it.each(flows)(
    "at 50 a second for a minute, from an address that is everybody's or unknown, keeps out no token that comes for the first time, by %s",
    async (_, login) => {
      const guesses = sized(600, 3_000);
      for (const address of ['192.0.2.7', undefined]) {
        const longshore = composeRequired({ rateLimits: bySku });
        const [known, unmet] = [
          await makeToken(longshore, 'known', anyRepository),
          await makeToken(longshore, 'unmet', anyRepository),
        ];
        const fresh = composeRequired({ ...longshore, rateLimits: bySku });
        for (let n = 0; n < guesses; n++) await login(fresh, 'known', guess(n), address);
        expect([await login(fresh, 'unmet', unmet, address), await login(fresh, 'known', known, address)]).toEqual([
          200, 200,
        ]);
      }
    },
    60_000,
  );

  it('with 300 connections makes room in the queue for the others', async () => {
    const longshore = composeRequired();
    const guesses = Array.from({ length: 300 }, (_, n) =>
      statusOf(knock(longshore, '/v2/', { headers: basic('admin', guess(n)), address: '192.0.2.7' })),
    );
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin, address: '203.0.113.1' }))).toBe(200);
    expect(tally(await Promise.all(guesses))).toEqual({ 401: 6, 429: 294 });
  });

  it('with a /64 of IPv6 has one address, and one in the form of IPv4 is that', async () => {
    const longshore = composeRequired();
    for (let n = 0; n < 6; n++)
      await statusOf(
        knock(longshore, '/v2/', { headers: basic('admin', guess(n)), address: `2001:db8:0:1::${n + 1}` }),
      );
    expect(
      await statusOf(knock(longshore, '/v2/', { headers: basic('admin', guess(7)), address: '2001:db8:0:1:ffff::1' })),
    ).toBe(429);
    expect(await statusOf(knock(longshore, '/v2/', { headers: asAdmin, address: '2001:db8:0:2::1' }))).toBe(200);
    for (let n = 0; n < 6; n++)
      await statusOf(knock(longshore, '/v2/', { headers: basic('admin', guess(n)), address: '192.0.2.7' }));
    expect(
      await statusOf(knock(longshore, '/v2/', { headers: basic('admin', guess(7)), address: '::ffff:192.0.2.7' })),
    ).toBe(429);
  });

  it('costs the store at most a read a second for a name, and nothing for what can be no password', async () => {
    const longshore = composeRequired();
    await makeToken(longshore, 'ci', anyRepository);
    longshore.memory.calls.resetCounts();
    for (let n = 0; n < 50; n++)
      await statusOf(knock(longshore, '/v2/', { headers: basic('ci', guess(n)), address: `198.51.100.${n}` }));
    expect(longshore.memory.calls.total()).toBe(1);
    for (let n = 0; n < 50; n++)
      await statusOf(knock(longshore, '/v2/', { headers: basic(`name${n}`, 'hunter2'), address: `198.51.100.${n}` }));
    expect(longshore.memory.calls.total()).toBe(1);
  });
});
