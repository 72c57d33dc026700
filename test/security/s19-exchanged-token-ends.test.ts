import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalIssuer } from '../shared/features/identity/issuer.ts';
import { startIssuer } from '../shared/features/identity/issuer.ts';
import type { Required, Tokens } from '../shared/features/identity/required.ts';
import { basic, claimsOf, composeRequired, manage, TestClock } from '../shared/features/identity/required.ts';
import { form, knock, statusOf } from './strangers.ts';

const clock = new TestClock();
let issuer: LocalIssuer;
beforeAll(async () => {
  issuer = await startIssuer(() => clock.now());
});
afterAll(() => issuer.stop());

const seconds = () => Math.floor(clock.now().getTime() / 1000);
const tokenUser = '00000000-0000-0000-0000-000000000000';

async function trusting(): Promise<Required> {
  const longshore = composeRequired({ clock });
  await manage(longshore, 'PUT', '/trusted-issuers/main', {
    issuer: issuer.url,
    audience: 'longshore',
    conditions: [{ claim: 'sub', is: 'repo:*' }],
    scopeMap: '_repositories_push',
  });
  return longshore;
}

const exchange = async (longshore: Required, exp: number) =>
  knock(
    longshore,
    '/oauth2/exchange',
    form({ grant_type: 'access_token', service: 'registry.test', access_token: await issuer.token({ exp }) }),
  );

async function refreshToken(longshore: Required, exp: number): Promise<string> {
  const answer = await exchange(longshore, exp);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as Required & { refresh_token: string }).refresh_token;
}

const access = (longshore: Required, refresh: string, more: Record<string, string> = {}) =>
  knock(
    longshore,
    '/oauth2/token',
    form({
      grant_type: 'refresh_token',
      service: 'registry.test',
      refresh_token: refresh,
      scope: 'repository:team/app:pull',
      ...more,
    }),
  );

describe('a refresh token that was got for an outside token', () => {
  it.each([
    [20, 20],
    [10_000, 10_000],
    [11_000, 10_800],
    [90 * 86_400, 10_800],
  ])('of one that ends in %i s ends in %i s', async (ofOutside, ofOurs) => {
    const longshore = await trusting();
    expect(claimsOf(await refreshToken(longshore, seconds() + ofOutside)).exp).toBe(seconds() + ofOurs);
  });

  it(
    'gives nothing that outlives it: neither access, nor a refresh token for offline use, nor a login with it as ' +
      'the password',
    async () => {
      const longshore = await trusting();
      const end = seconds() + 300;
      const refresh = await refreshToken(longshore, end);
      const tokens = (await (await access(longshore, refresh, { access_type: 'offline' })).json()) as Tokens;
      expect([claimsOf(tokens.access_token).exp, claimsOf(tokens.refresh_token ?? '').exp]).toEqual([end, end]);
      const asPassword = basic(tokenUser, refresh);
      const login = (await (
        await knock(
          longshore,
          '/oauth2/token?service=registry.test&offline_token=true&scope=repository:team/app:pull',
          {
            headers: asPassword,
          },
        )
      ).json()) as Tokens;
      expect([claimsOf(login.access_token).exp, claimsOf(login.refresh_token ?? '').exp]).toEqual([end, end]);
      expect(await statusOf(knock(longshore, '/v2/', { headers: asPassword }))).toBe(200);
      clock.pass(300_000);
      expect(await statusOf(access(longshore, refresh))).toBe(401);
      expect(await statusOf(knock(longshore, '/v2/', { headers: asPassword }))).toBe(401);
    },
  );

  it('is not given for one that is over, also within what clocks may differ', async () => {
    const longshore = await trusting();
    expect((await exchange(longshore, seconds() - 30)).status).toBe(401);
    expect((await exchange(longshore, seconds())).status).toBe(401);
  });

  it('ends when an entry of the same name trusts somebody else, and lives on when the same ones may more', async () => {
    const longshore = await trusting();
    const [first, second] = [
      await refreshToken(longshore, seconds() + 3_600),
      await refreshToken(longshore, seconds() + 3_600),
    ];
    const trust = (is: string, scopeMap: string) =>
      manage(longshore, 'PUT', '/trusted-issuers/main', {
        issuer: issuer.url,
        audience: 'longshore',
        conditions: [{ claim: 'sub', is }],
        scopeMap,
      });
    clock.pass(1_000);
    await trust('repo:*', '_repositories_pull');
    expect(await statusOf(access(longshore, first))).toBe(200);
    await trust('repo:somebody-else/*', '_repositories_admin');
    expect(await statusOf(access(longshore, first))).toBe(401);
    await manage(longshore, 'DELETE', '/trusted-issuers/main');
    await trust('repo:*', '_repositories_admin');
    expect(await statusOf(access(longshore, second))).toBe(401);
    expect(await statusOf(knock(longshore, '/v2/', { headers: basic(tokenUser, second) }))).toBe(401);
    const fresh = await refreshToken(longshore, seconds() + 3_600);
    expect(await statusOf(access(longshore, fresh))).toBe(200);
  });
});
