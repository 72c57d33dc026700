import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { ask } from '../../image.ts';
import type { Required } from './required.ts';
import { asAdmin, basic, bearer, codeOf, composeRequired, fetchToken, makeToken, manage } from './required.ts';

async function send(
  { app }: Pick<Required, 'app'>,
  method: string,
  path: string,
  content: unknown,
  headers = asAdmin,
): Promise<Response> {
  return ask(app, method, `/api/v1${path}`, {
    headers: { ...headers, 'content-type': 'application/json' },
    body: typeof content === 'string' ? content : JSON.stringify(content),
  });
}

const issuer = {
  issuer: 'https://token.example',
  audience: 'longshore',
  conditions: [{ claim: 'repository', is: 'octo/*' }],
  scopeMap: '_repositories_pull',
};

describe('the management API', () => {
  it('is for those who may manage: reading and writing apart', async () => {
    const longshore = composeRequired();
    const reader = basic('reader', await makeToken(longshore, 'reader', ['management/read']));
    const puller = basic('puller', await makeToken(longshore, 'puller', ['repositories/*/content/read']));
    const status = async (method: string, headers: Record<string, string>) =>
      (await ask(longshore.app, method, '/api/v1/tokens/reader', { headers })).status;
    expect([
      await status('GET', reader),
      await status('DELETE', reader),
      await status('GET', puller),
      await status('GET', {}),
    ]).toEqual([200, 403, 403, 401]);
    const { access_token } = await fetchToken(longshore, asAdmin, ['management:api:read']);
    expect([await status('GET', bearer(access_token)), await status('DELETE', bearer(access_token))]).toEqual([
      200, 401,
    ]);
    expect((await ask(longshore.app, 'GET', '/api/v1/usage?repository=a', {})).status).toBe(401);
  });

  it('describes every route in its OpenAPI document', async () => {
    const { paths } = await manage<{ paths: Record<string, object> }>(composeRequired(), 'GET', '/openapi.json');
    for (const path of [
      '/usage',
      '/tokens',
      '/tokens/{name}',
      '/tokens/{name}/passwords/{password}',
      '/scope-maps/{name}',
      '/anonymous',
      '/trusted-issuers/{name}',
      '/access',
    ])
      expect(Object.keys(paths)).toContain(path);
  });

  it('prepares identities while authentication is open', async () => {
    const { app } = composeForTest();
    expect((await send({ app }, 'PUT', '/scope-maps/ci', { actions: ['catalog/read'] }, {})).status).toBe(201);
    expect((await ask(app, 'GET', '/oauth2/token')).status).toBe(404);
  });

  it.each([
    ['PUT', '/scope-maps/ci', { actions: [] }],
    ['PUT', '/scope-maps/ci', { actions: ['repositories/team/*/content/fly'] }],
    ['PUT', '/scope-maps/ci', { actions: ['repositories/Team/*/content/read'] }],
    ['PUT', '/scope-maps/ci', { actions: ['repositories/a/__proto__/constructor'] }],
    ['PUT', '/scope-maps/-ci', { actions: ['catalog/read'] }],
    ['PUT', '/scope-maps/_repositories_pull', { actions: ['catalog/read'] }],
    ['POST', '/tokens', { name: 'admin', scopeMap: '_repositories_pull' }],
    ['POST', '/tokens', { name: 'Anonymous', scopeMap: '_repositories_pull' }],
    ['POST', '/tokens', { name: 'ci', scopeMap: '_no_such_map' }],
    ['POST', '/tokens', { name: 'ci', scopeMap: '_repositories_pull', expiresAt: 'tomorrow' }],
    ['POST', '/tokens', '{"name":'],
    ['PUT', '/anonymous', { repositories: ['a//*'] }],
    ['PUT', '/trusted-issuers/x', { ...issuer, issuer: 'ftp://token.example' }],
    ['PUT', '/trusted-issuers/x', { ...issuer, issuer: 'https://login.microsoftonline.com/common/v2.0' }],
    ['PUT', '/trusted-issuers/x', { ...issuer, conditions: [] }],
    ['PUT', '/trusted-issuers/x', { ...issuer, conditions: [{ claim: 'sub', is: '**' }] }],
  ])('refuses %s %s %j with 400 and says why', async (method, path, content) => {
    const refused = await send(composeRequired(), method, path, content);
    const { errors } = (await refused.json()) as { errors: { code: string; message: string }[] };
    expect([refused.status, errors[0]?.code]).toEqual([
      400,
      expect.stringMatching(/^(invalid(Body|Parameter)|malformedBody)$/),
    ]);
    expect(errors[0]?.message.length).toBeGreaterThan(10);
  });

  it.each([
    ['GET', '/tokens/none'],
    ['DELETE', '/tokens/none'],
    ['GET', '/scope-maps/none'],
    ['DELETE', '/trusted-issuers/none'],
    ['GET', '/access?token=none&repository=a&action=pull'],
  ])('answers %s %s with 404', async (method, path) => {
    expect((await ask(composeRequired().app, method, `/api/v1${path}`, { headers: asAdmin })).status).toBe(404);
  });

  it('makes no token over another, for no scope map that is not there, and removes none that is used', async () => {
    const longshore = composeRequired();
    await makeToken(longshore, 'ci', ['catalog/read']);
    const again = await send(longshore, 'POST', '/tokens', { name: 'ci', scopeMap: 'ci' });
    expect([again.status, await codeOf(again)]).toEqual([409, 'tokenExists']);
    expect((await send(longshore, 'POST', '/tokens', { name: 'other', scopeMap: 'missing' })).status).toBe(404);
    expect((await ask(longshore.app, 'DELETE', '/api/v1/scope-maps/ci', { headers: asAdmin })).status).toBe(409);
    await manage(longshore, 'DELETE', '/tokens/ci');
    await manage(longshore, 'DELETE', '/scope-maps/ci');
  });

  it('lists in pages, in the order of names', async () => {
    const longshore = composeRequired();
    for (const name of ['c', 'a', 'e', 'b', 'd'])
      await manage(longshore, 'PUT', `/scope-maps/${name}`, { actions: ['catalog/read'] });
    const names: string[] = [];
    let next: string | undefined = '/scope-maps?limit=2';
    do {
      const page: { items: { name: string }[]; nextLink?: string } = await manage(longshore, 'GET', next);
      expect(page.items.length).toBeLessThanOrEqual(2);
      names.push(...page.items.map(({ name }) => name));
      next = page.nextLink?.replace('/api/v1', '');
    } while (next !== undefined);
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('loses no change of two at once', async () => {
    const longshore = composeRequired();
    await makeToken(longshore, 'ci', ['catalog/read']);
    await Promise.all([
      manage(longshore, 'PATCH', '/tokens/ci', { status: 'disabled' }),
      manage(longshore, 'PATCH', '/tokens/ci', { scopeMap: '_repositories_pull' }),
    ]);
    expect(await manage(longshore, 'GET', '/tokens/ci')).toMatchObject({
      status: 'disabled',
      scopeMap: '_repositories_pull',
    });
  });

  it('keeps when a trusted issuer was made while it is changed', async () => {
    const longshore = composeRequired();
    expect((await send(longshore, 'PUT', '/trusted-issuers/gh', issuer)).status).toBe(201);
    const { createdAt } = await manage<{ createdAt: string }>(longshore, 'GET', '/trusted-issuers/gh');
    longshore.clock.pass(5_000);
    expect((await send(longshore, 'PUT', '/trusted-issuers/gh', { ...issuer, audience: 'other' })).status).toBe(200);
    expect(await manage(longshore, 'GET', '/trusted-issuers')).toMatchObject({
      items: [{ name: 'gh', audience: 'other', createdAt }],
    });
  });
});

describe('why something is allowed or not', () => {
  it('is told to administrators: the rule that decides, or that there is none', async () => {
    const longshore = composeRequired();
    await makeToken(longshore, 'ci', ['repositories/team/*/content/read']);
    await manage(longshore, 'PUT', '/anonymous', { repositories: ['public/*'] });
    await manage(longshore, 'PUT', '/trusted-issuers/gh', issuer);
    const why = (query: string) => manage(longshore, 'GET', `/access?${query}`);
    expect(await why('token=ci&repository=team/app&action=pull')).toEqual({
      allowed: true,
      why: 'scope map ci: repositories/team/*/content/read',
    });
    expect(await why('token=ci&repository=team/app&action=push')).toEqual({
      allowed: false,
      why: 'no rule of scope map ci allows push in team/app: it needs repositories/team/app/content/write',
    });
    expect(await why('repository=public/app&action=pull')).toEqual({ allowed: true, why: 'anonymous: public/*' });
    expect(await why('issuer=gh&repository=a&action=pull')).toEqual({
      allowed: true,
      why: 'scope map _repositories_pull: repositories/*/content/read',
    });
    await manage(longshore, 'PATCH', '/tokens/ci', { status: 'disabled' });
    expect(await why('token=ci&repository=team/app&action=pull')).toEqual({
      allowed: false,
      why: 'the token ci is disabled',
    });
  });
});

describe('what everyone may pull', () => {
  it('is looked up at most every half minute, and a change is seen at once where it is made', async () => {
    const longshore = composeRequired();
    const other = composeRequired(longshore);
    const status = async ({ app }: Required) => (await ask(app, 'GET', '/v2/public/app/tags/list')).status;
    expect([await status(longshore), await status(other)]).toEqual([401, 401]);
    await manage(longshore, 'PUT', '/anonymous', { repositories: ['public/*'] });
    expect([await status(longshore), await status(other)]).toEqual([404, 401]);
    longshore.clock.pass(30_000);
    expect(await status(other)).toBe(404);
    other.memory.calls.resetCounts();
    await ask(other.app, 'GET', '/v2/private/manifests/v1');
    expect(other.memory.calls.total()).toBe(0);
  });

  it('is nothing while it cannot be read: 503', async () => {
    const longshore = composeRequired();
    longshore.memory.calls.failOn('documents.read');
    expect((await ask(longshore.app, 'GET', '/v2/public/app/tags/list')).status).toBe(503);
  });
});
