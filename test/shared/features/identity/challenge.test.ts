import { describe, expect, it } from 'vitest';
import { ask } from '../../image.ts';
import { asAdmin, basic, bearer, codeOf, composeRequired, fetchToken, makeToken, manage } from './required.ts';

describe('a refusal', () => {
  it('of GET /v2/ without credentials says where to ask for a token, with no space after a comma', async () => {
    const { app } = composeRequired();
    const refused = await ask(app, 'GET', '/v2/');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer realm="http://registry.test/oauth2/token",service="registry.test"',
    );
    expect(await codeOf(refused)).toBe('UNAUTHORIZED');
  });

  it.each([
    ['GET', '/v2/team/app/manifests/v1', 'repository:team/app:pull'],
    ['PUT', '/v2/team/app/manifests/v1', 'repository:team/app:pull,push'],
    [
      'POST',
      `/v2/team/app/blobs/uploads/?mount=sha256:${'0'.repeat(64)}&from=base/os`,
      'repository:team/app:pull,push repository:base/os:pull',
    ],
    ['DELETE', `/v2/team/app/manifests/sha256:${'0'.repeat(64)}`, 'repository:team/app:delete'],
    ['GET', '/api/v1/tokens', 'management:api:read'],
  ])('of %s %s names the scope', async (method, path, scope) => {
    const { app } = composeRequired();
    const refused = await ask(app, method, path);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe(
      `Bearer realm="http://registry.test/oauth2/token",service="registry.test",scope="${scope}"`,
    );
  });

  it('names the origin that is set, whatever host and proxy headers a request has', async () => {
    const { app } = composeRequired({ publicUrl: new URL('https://images.example:8443') });
    const refused = await ask(app, 'GET', '/v2/', {
      headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher', host: 'evil.example' },
    });
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer realm="https://images.example:8443/oauth2/token",service="images.example:8443"',
    );
  });

  it('never takes the realm from a forwarded header', async () => {
    const { app } = composeRequired();
    const refused = await ask(app, 'GET', '/v2/', {
      headers: { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
    });
    expect(refused.headers.get('www-authenticate')).not.toContain('evil');
  });

  it('of a token that is none says invalid_token with the scope, of one that is too small insufficient_scope', async () => {
    const longshore = composeRequired();
    const forged = await ask(longshore.app, 'GET', '/v2/team/app/manifests/v1', { headers: bearer('a.b.c') });
    expect(forged.headers.get('www-authenticate')).toContain('scope="repository:team/app:pull",error="invalid_token"');
    const { access_token } = await fetchToken(longshore, asAdmin, ['repository:team/app:pull']);
    const tooSmall = await ask(longshore.app, 'DELETE', '/v2/team/app/manifests/v1', { headers: bearer(access_token) });
    expect(tooSmall.status).toBe(401);
    expect(tooSmall.headers.get('www-authenticate')).toContain(
      'scope="repository:team/app:delete",error="insufficient_scope"',
    );
  });

  it('of somebody with a password is no challenge: no token would help', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['repositories/team/*/content/read']);
    const refused = await ask(longshore.app, 'GET', '/v2/other/app/manifests/v1', { headers: basic('ci', password) });
    expect([refused.status, await codeOf(refused), refused.headers.get('www-authenticate')]).toEqual([
      403,
      'DENIED',
      null,
    ]);
  });

  it.each([
    'Basic',
    'Basic ====',
    'Digest username="a"',
    `Bearer ${'x'.repeat(20_000)}`,
    `Basic ${Buffer.from('nocolon').toString('base64')}`,
  ])('answers the header %.40s with 401', async (authorization) => {
    const { app } = composeRequired();
    expect((await ask(app, 'GET', '/v2/', { headers: { authorization } })).status).toBe(401);
  });
});

describe('what stays open', () => {
  it('is /healthz, and with open authentication everything', async () => {
    expect((await ask(composeRequired().app, 'GET', '/healthz')).status).toBe(200);
  });

  it('is what an administrator opens for pulls by everyone, and nothing beside it', async () => {
    const longshore = composeRequired();
    await manage(longshore, 'PUT', '/anonymous', { repositories: ['public/*'] });
    const status = async (method: string, path: string) => (await ask(longshore.app, method, path)).status;
    expect(await status('GET', '/v2/public/app/manifests/v1')).toBe(404);
    expect(await status('PUT', '/v2/public/app/manifests/v1')).toBe(401);
    expect(await status('GET', '/v2/publicity/manifests/v1')).toBe(401);
    expect(await status('GET', '/v2/')).toBe(401);
    expect(await status('GET', '/api/v1/tokens')).toBe(401);
  });
});
