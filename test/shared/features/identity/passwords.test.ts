import { describe, expect, it } from 'vitest';
import { rememberPeer } from '../../../../shared/core/http/peer.ts';
import {
  formatPasswordHash,
  hashPassword,
  makePassword,
  makeSalt,
  parsePasswordHash,
  sameHash,
  scryptPasswords,
} from '../../../../shared/features/identity/password.ts';
import { ask } from '../../image.ts';
import type { MadeToken, Required } from './required.ts';
import {
  adminPassword,
  asAdmin,
  basic,
  claimsOf,
  codeOf,
  composeRequired,
  fetchToken,
  makeToken,
  manage,
  postForm,
} from './required.ts';

async function statusOf({ app }: Pick<Required, 'app'>, user: string, password: string): Promise<number> {
  return (await ask(app, 'GET', '/v2/', { headers: basic(user, password) })).status;
}

/** The same from an address. */
async function from(
  { app }: Pick<Required, 'app'>,
  address: string,
  user: string,
  password: string,
): Promise<Response> {
  const request = new Request('http://registry.test/v2/', { headers: basic(user, password) });
  rememberPeer(request, address);
  return app.fetch(request);
}

async function statusFrom(
  longshore: Pick<Required, 'app'>,
  address: string,
  user: string,
  password: string,
): Promise<number> {
  return (await from(longshore, address, user, password)).status;
}

describe('a named token', () => {
  it('has two passwords, shown once and nowhere kept', async () => {
    const longshore = composeRequired();
    await manage(longshore, 'PUT', '/scope-maps/ci', { actions: ['repositories/*/content/read'] });
    const made = await manage<MadeToken>(longshore, 'POST', '/tokens', { name: 'ci', scopeMap: 'ci' });
    const values = made.passwords.map(({ value }) => value);
    expect(values.map((value) => value.length)).toEqual([43, 43]);
    for (const value of values) expect(await statusOf(longshore, 'ci', value)).toBe(200);
    const stored = JSON.stringify([
      await manage(longshore, 'GET', '/tokens/ci'),
      await manage(longshore, 'GET', '/tokens'),
      await longshore.memory.documents.readDocument({
        container: 'registries',
        partition: ['default'],
        id: 'token:ci',
      }),
    ]);
    for (const value of values) expect(stored).not.toContain(value);
  });

  it('has one password made anew while the other goes on, and the old one is over at once', async () => {
    const longshore = composeRequired();
    await manage(longshore, 'PUT', '/scope-maps/ci', { actions: ['repositories/*/content/read'] });
    const made = await manage<MadeToken>(longshore, 'POST', '/tokens', { name: 'ci', scopeMap: 'ci' });
    const [first = '', second = ''] = made.passwords.map(({ value }) => value);
    expect(await statusOf(longshore, 'ci', first)).toBe(200);
    const renewed = await manage<{ value: string }>(longshore, 'POST', '/tokens/ci/passwords/password1', {});
    expect([
      await statusOf(longshore, 'ci', first),
      await statusOf(longshore, 'ci', second),
      await statusOf(longshore, 'ci', renewed.value),
    ]).toEqual([401, 200, 200]);
    await manage(longshore, 'DELETE', '/tokens/ci/passwords/password2');
    expect(await statusOf(longshore, 'ci', second)).toBe(401);
  });

  it.each([
    ['is disabled', (longshore: Required) => manage(longshore, 'PATCH', '/tokens/ci', { status: 'disabled' })],
    ['is removed', (longshore: Required) => manage(longshore, 'DELETE', '/tokens/ci')],
    [
      'has its password made anew',
      (longshore: Required) => manage(longshore, 'POST', '/tokens/ci/passwords/password1', {}),
    ],
  ])('that %s gets no new access, by password or by refresh token, on any instance', async (_, change) => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['repositories/*/content/read']);
    const { refresh_token = '' } = await fetchToken(longshore, basic('ci', password), [], '&offline_token=true');
    const other = composeRequired(longshore);
    expect(await statusOf(other, 'ci', password)).toBe(200);
    await change(longshore);
    expect(await statusOf(longshore, 'ci', password)).toBe(401);
    expect((await postForm(other, '/oauth2/token', { grant_type: 'refresh_token', refresh_token })).status).toBe(401);
    longshore.clock.pass(60_000);
    expect(await statusOf(other, 'ci', password)).toBe(401);
  });

  it('ends with its password, and so do the tokens that were got with it', async () => {
    const longshore = composeRequired();
    const expiresAt = new Date(longshore.clock.now().getTime() + 600_000).toISOString();
    const password = await makeToken(longshore, 'ci', ['repositories/*/content/read'], { expiresAt });
    const tokens = await fetchToken(longshore, basic('ci', password), [], '&offline_token=true');
    expect(tokens).toMatchObject({ expires_in: 600 });
    expect([claimsOf(tokens.access_token).exp, claimsOf(tokens.refresh_token ?? '').exp]).toEqual([
      Date.parse(expiresAt) / 1000,
      Date.parse(expiresAt) / 1000,
    ]);
    longshore.clock.pass(600_000);
    expect(await statusOf(longshore, 'ci', password)).toBe(401);
  });

  it('does what its scope map says now', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['repositories/a/content/read']);
    const asked = async () =>
      claimsOf(
        (await fetchToken(longshore, basic('ci', password), ['repository:a:pull', 'repository:b:pull'])).access_token,
      ).access;
    expect(await asked()).toEqual([{ type: 'repository', name: 'a', actions: ['pull'] }]);
    await manage(longshore, 'PUT', '/scope-maps/ci', { actions: ['repositories/b/content/read'] });
    expect(await asked()).toEqual([{ type: 'repository', name: 'b', actions: ['pull'] }]);
    await manage(longshore, 'PATCH', '/tokens/ci', { scopeMap: '_repositories_pull' });
    expect(await asked()).toHaveLength(2);
  });

  it('is not known while the store is away: 503, and the try is not held against it', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['repositories/*/content/read']);
    longshore.memory.calls.failOn('documents.read');
    for (let n = 0; n < 10; n++) expect(await statusOf(longshore, 'ci', password)).toBe(503);
    longshore.memory.calls.clearFaults();
    expect(await statusOf(longshore, 'ci', password)).toBe(200);
  });

  it('costs one derivation and no store call when it comes again', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['repositories/*/content/read']);
    longshore.memory.calls.resetCounts();
    await Promise.all([1, 2, 3].map(() => statusOf(longshore, 'ci', password)));
    expect(longshore.memory.calls.list).toEqual(['documents.read', 'documents.read']);
    await statusOf(longshore, 'ci', password);
    expect(longshore.memory.calls.total()).toBe(2);
  });
});

describe('guessing', () => {
  it('is told how long to wait, as Retry-After says', async () => {
    const longshore = composeRequired();
    for (let n = 0; n < 6; n++) await statusFrom(longshore, '192.0.2.7', 'admin', `wrong ${n}`);
    for (const [passes, seconds] of [
      [500, 1],
      [1000, 2],
      [2000, 4],
    ] as const) {
      longshore.clock.pass(passes);
      await statusFrom(longshore, '192.0.2.7', 'admin', 'wrong again');
      const early = await from(longshore, '192.0.2.7', 'admin', adminPassword);
      expect(early.headers.get('retry-after')).toBe(String(seconds));
      expect(await early.text()).toContain(
        `too many wrong secrets were sent from this address: wait ${seconds} s, then send`,
      );
    }
  });

  it('of the administrator is slowed down more and more, whatever the password, and a right one clears it', async () => {
    const longshore = composeRequired();
    for (let n = 0; n < 6; n++) expect(await statusFrom(longshore, '192.0.2.7', 'admin', `wrong ${n}`)).toBe(401);
    const early = await from(longshore, '192.0.2.7', 'admin', adminPassword);
    expect([early.status, early.headers.get('retry-after'), await codeOf(early)]).toEqual([
      429,
      '1',
      'TOOMANYREQUESTS',
    ]);
    longshore.clock.pass(500);
    expect(await statusFrom(longshore, '192.0.2.7', 'admin', 'wrong again')).toBe(401);
    longshore.clock.pass(999);
    expect(await statusFrom(longshore, '192.0.2.7', 'admin', adminPassword)).toBe(429);
    longshore.clock.pass(1);
    expect(await statusFrom(longshore, '192.0.2.7', 'admin', adminPassword)).toBe(200);
    expect(await statusFrom(longshore, '192.0.2.7', 'admin', 'wrong once')).toBe(401);
    expect(await statusFrom(longshore, '192.0.2.7', 'admin', 'wrong twice')).toBe(401);
  });

  it('of many passwords at once gets no further than one after the other', async () => {
    const longshore = composeRequired();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => statusFrom(longshore, '192.0.2.7', 'admin', `guess ${n}`)),
    );
    expect(outcomes.filter((status) => status === 401)).toHaveLength(6);
    expect(outcomes.filter((status) => status === 429)).toHaveLength(14);
  });

  it('slows down nobody else', async () => {
    const longshore = composeRequired();
    await Promise.all(Array.from({ length: 20 }, (_, n) => statusOf(longshore, 'ci', `guess ${n}`)));
    expect((await ask(longshore.app, 'GET', '/v2/', { headers: asAdmin })).status).toBe(200);
  });

  it('of many names from one address slows down none of them more than its own failures do', async () => {
    const longshore = composeRequired();
    for (let n = 0; n < 40; n++) expect(await statusFrom(longshore, '192.0.2.7', `name${n}`, 'wrong')).toBe(401);
    expect(await statusFrom(longshore, '192.0.2.7', 'another', 'wrong')).toBe(401);
  });

  it('does the same work for names that there are, that there are not, and that cannot be', async () => {
    // At what it costs in production, or no difference would show.
    const salt = makeSalt();
    const administrator = { salt, hash: await hashPassword(adminPassword, salt) };
    const longshore = composeRequired({
      adapters: { passwords: scryptPasswords() },
      settings: { auth: { mode: 'required', administrator } },
    });
    await makeToken(longshore, 'known', ['repositories/*/content/read']);
    const time = async (name: string) => {
      const started = performance.now();
      await statusOf(longshore, name, 'wrong');
      return performance.now() - started;
    };
    const fastest = async (name: string) => {
      const times: number[] = [];
      for (let each = 0; each < 10; each += 1) times.push(await time(name));
      return Math.min(...times);
    };
    const [known, unknown, impossible] = [
      await fastest('known'),
      await fastest('unknown'),
      await fastest('no such/name'),
    ];
    // A derivation takes tens of milliseconds, the check of a token's password and everything else less than one.
    for (const other of [unknown, impossible]) expect(Math.abs(known - other)).toBeLessThan(5);
  });
});

describe('a password', () => {
  it('can stand behind -p on a command line', () => {
    expect(
      Array.from({ length: 2_000 }, makePassword).filter((password) => !/^[A-Za-z0-9_][\w-]{42}$/.test(password)),
    ).toEqual([]);
  });
});

describe('a password hash', () => {
  it('is one text for a setting, and reads back', async () => {
    const [password, salt] = [makePassword(), makeSalt()];
    const text = formatPasswordHash({ salt, hash: await hashPassword(password, salt) });
    const parsed = parsePasswordHash(text);
    expect(text).toMatch(/^scrypt:16384:8:1:/);
    expect(sameHash(await hashPassword(password, parsed?.salt ?? ''), parsed?.hash ?? '')).toBe(true);
    expect(sameHash(await hashPassword(`${password}x`, parsed?.salt ?? ''), parsed?.hash ?? '')).toBe(false);
  });

  it.each([
    '',
    'plain text',
    'scrypt:1:1:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'scrypt:16384:8:1::',
  ])('is not %j', (text) => {
    expect(parsePasswordHash(text)).toBeUndefined();
  });
});
