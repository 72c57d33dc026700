import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { guardedGet } from '../../../../shared/core/outbound/guarded-get.ts';
import { outboundClient } from '../../../../shared/core/outbound/outbound-client.ts';
import { reachOf } from '../../../../shared/core/outbound/public-address.ts';
import { satisfies } from '../../../../shared/features/identity/issuers/conditions.ts';
import type { LocalIssuer } from './issuer.ts';
import { startIssuer } from './issuer.ts';
import type { Required, Tokens } from './required.ts';
import { claimsOf, codeOf, composeRequired, manage, postForm, TestClock } from './required.ts';

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

const conditions = [
  { claim: 'repository', is: 'octo/*' },
  { claim: 'ref', is: 'refs/heads/main' },
];

/** A registry that trusts the issuer's main branches with pushes below `octo/`. */
async function trusting(options: Parameters<typeof composeRequired>[0] = {}): Promise<Required> {
  const longshore = composeRequired({ clock, ...options });
  await manage(longshore, 'PUT', '/scope-maps/octo', {
    actions: ['repositories/octo/*/content/read', 'repositories/octo/*/content/write'],
  });
  await manage(longshore, 'PUT', '/trusted-issuers/main', {
    issuer: issuer.url,
    audience: 'longshore',
    conditions,
    scopeMap: 'octo',
  });
  return longshore;
}

function exchange(longshore: Required, token: string, fields: Record<string, string> = {}): Promise<Response> {
  return postForm(longshore, '/oauth2/exchange', {
    grant_type: 'access_token',
    service: 'registry.test',
    access_token: token,
    ...fields,
  });
}

async function refreshToken(longshore: Required, token: string): Promise<string> {
  const answer = await exchange(longshore, token);
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { refresh_token: string }).refresh_token;
}

function access(longshore: Required, refresh: string, scope: string): Promise<Response> {
  return postForm(longshore, '/oauth2/token', {
    grant_type: 'refresh_token',
    service: 'registry.test',
    refresh_token: refresh,
    scope,
  });
}

describe('the exchange of an outside token', () => {
  it.each(['RS256', 'ES256'] as const)(
    "signed with %s gives ACR's refresh token of three hours, and that what its scope map says",
    async (alg) => {
      const longshore = await trusting();
      const hours = Math.floor(clock.now().getTime() / 1000) + 4 * 3600;
      const answer = await exchange(longshore, await issuer.token({ tid: 'tenant-1', exp: hours }, { alg }));
      const content = (await answer.json()) as Required & { refresh_token: string };
      expect([answer.status, Object.keys(content)]).toEqual([200, ['refresh_token']]);
      const now = clock.now().getTime() / 1000;
      expect(claimsOf(content.refresh_token)).toMatchObject({
        grant_type: 'refresh_token',
        iss: 'Azure Container Registry',
        aud: 'registry.test',
        exp: now + 3 * 3600,
        tenant: 'tenant-1',
        sub: 'main:repo:octo/app:ref:refs/heads/main',
      });
      const tokens = (await (
        await access(longshore, content.refresh_token, 'repository:octo/app:pull,push,delete')
      ).json()) as Tokens;
      expect(claimsOf(tokens.access_token).access).toEqual([
        { type: 'repository', name: 'octo/app', actions: ['pull', 'push'] },
      ]);
      expect(
        (await (await access(longshore, content.refresh_token, 'repository:else/app:pull')).json()) as Tokens,
      ).toSatisfy((each: Tokens) => (claimsOf(each.access_token).access as unknown[]).length === 0);
    },
  );

  it('takes the older name of the grant, and refuses what it does not know', async () => {
    const longshore = await trusting();
    const token = await issuer.token();
    expect((await exchange(longshore, token, { grant_type: 'access_token_refresh_token' })).status).toBe(200);
    expect((await exchange(longshore, token, { grant_type: 'refresh_token' })).status).toBe(400);
    expect((await exchange(longshore, token, { service: 'other.example' })).status).toBe(400);
    expect((await exchange(longshore, '')).status).toBe(400);
  });

  it.each<[string, () => Promise<string>]>([
    ['of another branch', () => issuer.token({ ref: 'refs/heads/evil' })],
    ['of another owner', () => issuer.token({ repository: 'octopus/app' })],
    ['without the claim', () => issuer.token({ repository: undefined })],
    ['for another audience', () => issuer.token({ aud: 'elsewhere' })],
    ['of another issuer', () => issuer.token({ iss: 'https://other.example' })],
    ['that is over', () => issuer.token({ exp: Math.floor(clock.now().getTime() / 1000) - 61 })],
    ['that is not good yet', () => issuer.token({ nbf: Math.floor(clock.now().getTime() / 1000) + 120 })],
    ['without an end', () => issuer.token({ exp: undefined })],
    ['of an algorithm that is not pinned', () => issuer.token({}, { alg: 'PS256' })],
    ['of an unknown key', () => issuer.token({}, { unpublished: true })],
    ['that is none', () => Promise.resolve('not.a.token')],
    ['with a changed signature', async () => `${(await issuer.token()).slice(0, -8)}AAAAAAAA`],
    [
      'without a signature',
      async () =>
        `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await issuer.token()).split('.')[1] ?? ''}.`,
    ],
  ])('refuses one %s', async (_, make) => {
    const longshore = await trusting();
    const refused = await exchange(longshore, await make());
    expect([refused.status, await codeOf(refused)]).toEqual([401, 'UNAUTHORIZED']);
  });

  it('asks no issuer that nobody trusts, whatever the token says', async () => {
    const longshore = composeRequired({ clock });
    expect((await exchange(longshore, await issuer.token())).status).toBe(401);
    expect(issuer.asked).toEqual([]);
  });

  it('asks the issuer once for many tokens', async () => {
    const longshore = await trusting();
    for (let n = 0; n < 5; n++) expect((await exchange(longshore, await issuer.token())).status).toBe(200);
    for (let n = 0; n < 5; n++)
      expect((await exchange(longshore, await issuer.token({}, { unpublished: true }))).status).toBe(401);
    expect(issuer.asked.filter((path) => path === '/.well-known/openid-configuration')).toHaveLength(1);
    expect(issuer.asked.filter((path) => path === '/keys').length).toBeLessThanOrEqual(2);
  });

  it('grants together what all entries do that the token satisfies', async () => {
    const longshore = await trusting();
    await manage(longshore, 'PUT', '/trusted-issuers/any', {
      issuer: issuer.url,
      audience: 'longshore',
      conditions: [{ claim: 'sub', is: 'repo:octo/*' }],
      scopeMap: '_repositories_pull',
    });
    const refresh = await refreshToken(longshore, await issuer.token());
    const tokens = (await (
      await access(longshore, refresh, 'repository:octo/app:push repository:base/os:pull,push')
    ).json()) as Tokens;
    expect(claimsOf(tokens.access_token).access).toEqual([
      { type: 'repository', name: 'octo/app', actions: ['push'] },
      { type: 'repository', name: 'base/os', actions: ['pull'] },
    ]);
  });

  it('ends when one of two entries is gone that its token satisfied', async () => {
    const longshore = await trusting();
    await manage(longshore, 'PUT', '/trusted-issuers/any', {
      issuer: issuer.url,
      audience: 'longshore',
      conditions: [{ claim: 'sub', is: 'repo:octo/*' }],
      scopeMap: '_repositories_pull',
    });
    const refresh = await refreshToken(longshore, await issuer.token());
    expect((await access(longshore, refresh, 'repository:octo/app:pull')).status).toBe(200);
    await manage(longshore, 'DELETE', '/trusted-issuers/any');
    expect((await access(longshore, refresh, 'repository:octo/app:pull')).status).toBe(401);
  });

  it('ends when the issuer is no longer trusted', async () => {
    const longshore = await trusting();
    const refresh = await refreshToken(longshore, await issuer.token());
    await manage(longshore, 'DELETE', '/trusted-issuers/main');
    expect((await access(longshore, refresh, 'repository:octo/app:pull')).status).toBe(401);
  });
});

describe('an issuer', () => {
  it('that does not answer makes the exchange fail for now, and the next one asks again', async () => {
    const longshore = await trusting();
    issuer.fault = { status: 500 };
    const failed = await exchange(longshore, await issuer.token());
    expect([failed.status, await codeOf(failed)]).toEqual([503, 'UNAVAILABLE']);
    issuer.fault = {};
    expect((await exchange(longshore, await issuer.token())).status).toBe(200);
  });

  it("whose discovery document is another's vouches for nobody", async () => {
    const longshore = await trusting();
    issuer.fault = { discovery: { issuer: 'https://other.example', jwks_uri: `${issuer.url}/keys` } };
    expect((await exchange(longshore, await issuer.token())).status).toBe(503);
    expect(issuer.asked).not.toContain('/keys');
  });

  it('at a private address is not called, nor are keys at one', async () => {
    const guarded = await trusting({ adapters: { outbound: guardedGet(outboundClient({ reach: reachOf([]) })) } });
    const refused = await exchange(guarded, await issuer.token());
    expect([refused.status, await codeOf(refused)]).toEqual([403, 'DENIED']);
    expect(issuer.asked).toEqual([]);
    const longshore = await trusting();
    issuer.fault = { discovery: { issuer: issuer.url, jwks_uri: 'https://169.254.169.254/keys' } };
    expect((await exchange(longshore, await issuer.token())).status).toBe(403);
  });

  it('is not asked while the store cannot say whether it is trusted: 503', async () => {
    const longshore = await trusting();
    longshore.memory.calls.failOn('documents.query');
    expect((await exchange(longshore, await issuer.token())).status).toBe(503);
    expect(issuer.asked).toEqual([]);
  });
});

describe('a condition', () => {
  it.each([
    ['octo/*', 'octo/app', true],
    ['octo/*', 'octo/', true],
    ['octo/*', 'octopus/app', false],
    ['*:main', 'repo:octo/app:main', true],
    ['repo:*:ref:*', 'repo:a:ref:b', true],
    ['a*a', 'a', false],
    ['a*b*c', 'abbc', true],
    ['a*b*c', 'acb', false],
    ['x', ['y', 'x'], true],
    ['x', ['y'], false],
    ['x', undefined, false],
    ['true', true, true],
    ['undefined', undefined, false],
    ['*x*', { x: 1 }, false],
  ])('%j holds of %j: %s', (is, value, holds) => {
    expect(satisfies({ claim: value }, [{ claim: 'claim', is }])).toBe(holds);
  });

  it('on what every object has holds of none', () => {
    expect(satisfies({}, [{ claim: 'constructor', is: '*n*' }])).toBe(false);
  });
});
