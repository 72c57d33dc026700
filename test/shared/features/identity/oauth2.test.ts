import { describe, expect, it } from 'vitest';
import { cheapPasswords } from '../../../../shared/app/compose-for-test.ts';
import { makeSalt } from '../../../../shared/features/identity/password.ts';
import { ask, makeImage, putManifest } from '../../image.ts';
import type { Tokens } from './required.ts';
import {
  asAdmin,
  basic,
  bearer,
  claimsOf,
  codeOf,
  composeRequired,
  fetchToken,
  makeToken,
  manage,
  postForm,
} from './required.ts';

const tokenUser = '00000000-0000-0000-0000-000000000000';
const scope = 'repository:team/app:pull,push';

describe('GET /oauth2/token', () => {
  it("gives an access token with ACR's claims for no longer than fifteen minutes", async () => {
    const longshore = composeRequired();
    const answer = await fetchToken(longshore, asAdmin, [scope]);
    expect(Object.keys(answer).sort()).toEqual(['access_token', 'expires_in', 'issued_at', 'token']);
    const now = longshore.clock.now().getTime() / 1000;
    expect(claimsOf(answer.access_token)).toMatchObject({
      iss: 'Azure Container Registry',
      aud: 'registry.test',
      sub: 'admin',
      version: '1.0',
      grant_type: 'access_token',
      iat: now,
      exp: now + 900,
      permissions: { actions: ['*'], notActions: [] },
      roles: [],
      access: [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }],
    });
  });

  it('is not kept by any cache', async () => {
    const { app } = composeRequired();
    expect((await ask(app, 'GET', '/oauth2/token', { headers: asAdmin })).headers.get('cache-control')).toBe(
      'no-store',
    );
  });

  it('grants what was asked and is allowed, and no more', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', [
      'repositories/team/*/content/read',
      'repositories/team/app/content/write',
    ]);
    const { access_token } = await fetchToken(longshore, basic('ci', password), [
      'repository:team/app:pull,push,delete',
      'repository:team/other:pull,push',
      'repository:else/where:pull',
      'registry:catalog:*',
      'management:api:write',
    ]);
    expect(claimsOf(access_token).access).toEqual([
      { type: 'repository', name: 'team/app', actions: ['pull', 'push'] },
      { type: 'repository', name: 'team/other', actions: ['pull'] },
    ]);
  });

  it('lets a token be used for what it was issued for alone', async () => {
    const longshore = composeRequired();
    const { access_token } = await fetchToken(longshore, asAdmin, ['repository:team/app:pull']);
    const status = async (method: string, path: string) =>
      (await ask(longshore.app, method, path, { headers: bearer(access_token) })).status;
    expect(await status('GET', '/v2/')).toBe(200);
    expect(await status('GET', '/v2/team/app/manifests/v1')).toBe(404);
    expect(await status('PUT', '/v2/team/app/manifests/v1')).toBe(401);
    expect(await status('GET', '/v2/team/app2/manifests/v1')).toBe(401);
    expect(await status('GET', '/api/v1/tokens')).toBe(401);
  });

  it('takes several scopes in one parameter, and several parameters', async () => {
    const longshore = composeRequired();
    const { access_token } = await fetchToken(longshore, asAdmin, [
      'repository:a:pull repository:b:pull',
      'repository:c:pull',
    ]);
    expect((claimsOf(access_token).access as { name: string }[]).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('refuses a request that was meant for another service, and one for too many scopes', async () => {
    const { app } = composeRequired();
    const status = async (query: string) =>
      (await ask(app, 'GET', `/oauth2/token?${query}`, { headers: asAdmin })).status;
    expect(await status('service=other.example')).toBe(400);
    expect(await status(Array.from({ length: 51 }, (_, n) => `scope=repository:r${n}:pull`).join('&'))).toBe(400);
  });

  it('tells nobody who has nothing to log in', async () => {
    const { app } = composeRequired();
    const refused = await ask(app, 'GET', `/oauth2/token?service=registry.test&scope=${scope}`);
    expect([refused.status, refused.headers.get('www-authenticate'), await codeOf(refused)]).toEqual([
      401,
      'Basic realm="registry.test",charset="UTF-8"',
      'UNAUTHORIZED',
    ]);
  });

  it('gives everyone the pulls that are open, and no pushes', async () => {
    const longshore = composeRequired();
    await manage(longshore, 'PUT', '/anonymous', { repositories: ['public/*'] });
    const { access_token } = await fetchToken(longshore, {}, [
      'repository:public/app:pull,push',
      'repository:private/app:pull',
    ]);
    expect(claimsOf(access_token)).toMatchObject({
      sub: 'anonymous',
      access: [{ type: 'repository', name: 'public/app', actions: ['pull'] }],
    });
  });

  it('for the catalog names what its holder sees of it, in as much as a header holds', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['repositories/team/*/content/read']);
    const part = await fetchToken(longshore, basic('ci', password), ['registry:catalog:*']);
    expect(claimsOf(part.access_token)).toMatchObject({ access: [], listing: ['team/*'] });
    const whole = await fetchToken(longshore, asAdmin, ['registry:catalog:*']);
    expect(claimsOf(whole.access_token).access).toEqual([{ type: 'registry', name: 'catalog', actions: ['*'] }]);
    expect(claimsOf((await fetchToken(longshore, basic('ci', password), [scope])).access_token)).not.toHaveProperty(
      'listing',
    );
    await manage(longshore, 'PUT', '/scope-maps/ci', {
      actions: Array.from({ length: 100 }, (_, n) => `repositories/${'long'.repeat(20)}${n}/content/read`),
    });
    const long = await fetchToken(longshore, basic('ci', password), ['registry:catalog:*']);
    expect(long.access_token.length).toBeLessThan(8_000);
    expect((await ask(longshore.app, 'GET', '/v2/', { headers: bearer(long.access_token) })).status).toBe(200);
  });

  it('that was not asked for the catalog gets a challenge for it, and not the empty list that the token sees', async () => {
    const longshore = composeRequired();
    const [ci, blind] = [
      await makeToken(longshore, 'ci', ['repositories/team/*/content/read']),
      await makeToken(longshore, 'blind', ['repositories/team/*/content/write']),
    ];
    const catalog = (token: string) => ask(longshore.app, 'GET', '/acr/v1/_catalog', { headers: bearer(token) });
    for (const login of [asAdmin, basic('ci', ci), basic('blind', blind)]) {
      const refused = await catalog((await fetchToken(longshore, login, ['repository:team/app:pull'])).access_token);
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
        401,
        'Bearer realm="http://registry.test/oauth2/token",service="registry.test",scope="registry:catalog:*",error="insufficient_scope"',
      ]);
      // Once a client has asked for it, even one that sees nothing gets an answer: after another challenge clients
      // would ask forever.
      expect((await catalog((await fetchToken(longshore, login, ['registry:catalog:*'])).access_token)).status).toBe(
        200,
      );
      expect((await ask(longshore.app, 'GET', '/acr/v1/_catalog', { headers: login })).status).toBe(200);
    }
  });

  it('with offline_token gives a refresh token too, which docker keeps instead of the password', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['repositories/*/content/read']);
    const { refresh_token = '' } = await fetchToken(
      longshore,
      basic('ci', password),
      [],
      '&offline_token=true&account=ci&client_id=docker',
    );
    longshore.clock.pass(30 * 24 * 3_600_000);
    const later = await postForm(longshore, '/oauth2/token', {
      grant_type: 'refresh_token',
      service: 'registry.test',
      scope,
      refresh_token,
    });
    expect(later.status).toBe(200);
    expect(claimsOf(((await later.json()) as Tokens).access_token)).toMatchObject({
      sub: 'ci',
      access: [{ type: 'repository', name: 'team/app', actions: ['pull'] }],
    });
  });

  it('answers other verbs with 405 and what is allowed', async () => {
    const { app } = composeRequired();
    const [token, exchange, other] = await Promise.all([
      ask(app, 'DELETE', '/oauth2/token'),
      ask(app, 'GET', '/oauth2/exchange'),
      ask(app, 'GET', '/oauth2/other'),
    ]);
    expect([token.status, token.headers.get('allow')]).toEqual([405, 'GET, POST']);
    expect([exchange.status, exchange.headers.get('allow')]).toEqual([405, 'POST']);
    expect(other.status).toBe(404);
  });
});

describe('POST /oauth2/token', () => {
  it('with a password answers exactly as ACR does', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['repositories/*/content/read']);
    const answer = await postForm(longshore, '/oauth2/token', {
      grant_type: 'password',
      service: 'registry.test',
      scope,
      username: 'ci',
      password,
    });
    expect(answer.status).toBe(200);
    expect(Object.keys((await answer.json()) as object)).toEqual(['access_token']);
  });

  it('without user and password gives everyone what is open', async () => {
    const longshore = composeRequired();
    await manage(longshore, 'PUT', '/anonymous', { repositories: ['*'] });
    const answer = await postForm(longshore, '/oauth2/token', {
      grant_type: 'password',
      service: 'registry.test',
      scope,
    });
    expect(claimsOf(((await answer.json()) as Tokens).access_token).access).toEqual([
      { type: 'repository', name: 'team/app', actions: ['pull'] },
    ]);
  });

  it.each([
    [{}, 400],
    [{ grant_type: 'authorization_code' }, 400],
    [{ grant_type: 'refresh_token' }, 400],
    [{ grant_type: 'refresh_token', refresh_token: 'a.b.c' }, 401],
    [{ grant_type: 'password', username: 'ci', password: 'wrong' }, 401],
    [{ grant_type: 'password', username: 'ci', password: 'wrong', service: 'other.example' }, 400],
  ])('answers %j with %d', async (fields, status) => {
    expect((await postForm(composeRequired(), '/oauth2/token', fields as Record<string, string>)).status).toBe(status);
  });

  it('takes a form of 64 KiB and no more', async () => {
    expect((await postForm(composeRequired(), '/oauth2/token', { grant_type: 'x'.repeat(70_000) })).status).toBe(413);
  });

  it('does not take an access token for a refresh token, nor a refresh token for an access token', async () => {
    const longshore = composeRequired();
    const { access_token, refresh_token = '' } = await fetchToken(longshore, asAdmin, [scope], '&offline_token=true');
    expect(
      (await postForm(longshore, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: access_token })).status,
    ).toBe(401);
    expect((await ask(longshore.app, 'GET', '/v2/', { headers: bearer(refresh_token) })).status).toBe(401);
  });
});

describe('the user of zeros', () => {
  it('gets nothing for a refresh token of an administrator whose password is another by now, and neither does the form', async () => {
    const before = composeRequired();
    const { refresh_token = '' } = await fetchToken(before, asAdmin, [scope], '&offline_token=true');
    const login = (longshore: Pick<typeof before, 'app'>) =>
      ask(longshore.app, 'GET', `/oauth2/token?service=registry.test&scope=${scope}`, {
        headers: basic(tokenUser, refresh_token),
      });
    const form = (longshore: Pick<typeof before, 'app'>) =>
      postForm(longshore, '/oauth2/token', {
        grant_type: 'refresh_token',
        service: 'registry.test',
        scope,
        refresh_token,
      });
    // Another instance of the same registry takes it, so what refuses it below is the changed password.
    const same = composeRequired({ world: before.world, clock: before.clock });
    expect([(await login(same)).status, (await form(same)).status]).toEqual([200, 200]);
    const salt = makeSalt();
    const auth = {
      mode: 'required',
      administrator: { salt, hash: await cheapPasswords.hashPassword('another password', salt) },
    } as const;
    const changed = composeRequired({ world: before.world, clock: before.clock, settings: { auth } });
    expect([(await login(changed)).status, (await form(changed)).status]).toEqual([401, 401]);
    expect((await ask(changed.app, 'GET', '/v2/', { headers: basic('admin', 'another password') })).status).toBe(200);
  });

  it('gives a refresh token as its password, and its login lasts no longer than that', async () => {
    const longshore = composeRequired();
    const { refresh_token = '' } = await fetchToken(longshore, asAdmin, [], '&offline_token=true');
    const again = await fetchToken(longshore, basic(tokenUser, refresh_token), [scope], '&offline_token=true');
    expect(claimsOf(again.access_token)).toMatchObject({ sub: 'admin', access: [{ name: 'team/app' }] });
    longshore.clock.pass(3_600_000);
    const later = await fetchToken(longshore, basic(tokenUser, refresh_token), [], '&offline_token=true');
    expect(claimsOf(later.refresh_token ?? '').exp).toBe(claimsOf(refresh_token).exp);
  });

  it('gives an access token as its password, and gets no more than that is for', async () => {
    const longshore = composeRequired();
    const { access_token } = await fetchToken(longshore, asAdmin, ['repository:team/app:pull']);
    const narrowed = await fetchToken(
      longshore,
      basic(tokenUser, access_token),
      [scope, 'registry:catalog:*'],
      '&offline_token=true',
    );
    expect(claimsOf(narrowed.access_token).access).toEqual([
      { type: 'repository', name: 'team/app', actions: ['pull'] },
    ]);
    expect(narrowed.refresh_token).toBeUndefined();
  });
});

describe('a push and a pull', () => {
  it('pass with a token for them, and their event names who pushed', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', [
      'repositories/team/*/content/read',
      'repositories/team/*/content/write',
    ]);
    const { access_token } = await fetchToken(longshore, basic('ci', password), [scope]);
    const image = makeImage('by a token', 0);
    const started = await ask(longshore.app, 'POST', `/v2/team/app/blobs/uploads/`, { headers: bearer(access_token) });
    const url = started.headers.get('location') ?? '';
    const { createHash } = await import('node:crypto');
    const digest = `sha256:${createHash('sha256').update(image.config).digest('hex')}`;
    expect(
      (
        await ask(longshore.app, 'PUT', `${url}&digest=${digest}`, {
          body: image.config,
          headers: bearer(access_token),
        })
      ).status,
    ).toBe(201);
    expect((await putManifest(longshore.app, 'team/app', 'v1', image)).status).toBe(401);
    const pushed = await ask(longshore.app, 'PUT', '/v2/team/app/manifests/v1', {
      body: image.bytes,
      headers: { ...bearer(access_token), 'content-type': image.mediaType },
    });
    expect(pushed.status).toBe(201);
    expect(
      longshore.world.region().events.log.map(({ data }) => (data as { actor?: { name: string } }).actor?.name),
    ).toContain('ci');
  });
});
