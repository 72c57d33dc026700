import { beforeAll, describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { startIssuer } from '../shared/features/identity/issuer.ts';
import type { Required } from '../shared/features/identity/required.ts';
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
} from '../shared/features/identity/required.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';

const path = '/acr/v1/_deleted/_catalog';
const scope = 'registry:deleted_catalog:*';
const image = makeImage('deleted', 1);

let longshore: Required;
let lister: Record<string, string>;
let puller: Record<string, string>;

const deletedBy = (headers: Record<string, string>, method = 'GET') => ask(longshore.app, method, path, { headers });
const tokenOf = async (headers: Record<string, string>, ...scopes: string[]) =>
  bearer((await fetchToken(longshore, headers, scopes)).access_token);

beforeAll(async () => {
  longshore = composeRequired();
  // An open app over the same world stands for the pushes of somebody else.
  const { app } = composeForTest({ world: longshore.world });
  for (const repository of ['team/app', 'secret/app']) {
    await pushImage(app, repository, 'v1', image);
    expect((await ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`)).status).toBe(202);
  }
  lister = basic('lister', await makeToken(longshore, 'lister', ['catalog/read']));
  puller = basic(
    'puller',
    await makeToken(longshore, 'puller', [
      'repositories/*/content/read',
      'repositories/*/deleted/read',
      'repositories/*/metadata/read',
    ]),
  );
});

describe('the list of repositories that have something deleted', () => {
  it('is challenged for with the scope that az asks for', async () => {
    const refused = await deletedBy({});
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer realm="http://registry.test/oauth2/token",service="registry.test",scope="${scope}"`,
    ]);
    expect(await refused.json()).toMatchObject({
      errors: [{ code: 'UNAUTHORIZED', detail: [{ Type: 'registry', Name: 'deleted_catalog', Action: '*' }] }],
    });
  });

  it.each([
    ['the administrator', () => asAdmin],
    ['a token with catalog/read', () => lister],
  ])('is for %s, by password and by either way to a token', async (_, login) => {
    const [user = '', password = ''] = Buffer.from((login().authorization ?? '').slice(6), 'base64')
      .toString()
      .split(/:(.*)/s);
    const byForm = (await (
      await postForm(longshore, '/oauth2/token', {
        grant_type: 'password',
        service: 'registry.test',
        scope,
        username: user,
        password,
      })
    ).json()) as { access_token: string };
    expect(claimsOf(byForm.access_token).access).toEqual([
      { type: 'registry', name: 'deleted_catalog', actions: ['*'] },
    ]);
    for (const headers of [
      login(),
      bearer(byForm.access_token),
      await tokenOf(login(), scope),
      basic('00000000-0000-0000-0000-000000000000', byForm.access_token),
    ]) {
      const answer = await deletedBy(headers);
      expect([answer.status, await answer.json()]).toEqual([200, { repositories: ['secret/app', 'team/app'] }]);
    }
  });

  it('is for a workload whose outside token was exchanged', async () => {
    const issuer = await startIssuer(() => longshore.clock.now());
    try {
      await manage(longshore, 'PUT', '/trusted-issuers/tenant', {
        issuer: issuer.url,
        audience: 'https://containerregistry.azure.net',
        conditions: [{ claim: 'sub', is: 'a workload' }],
        scopeMap: '_repositories_admin',
      });
      const outside = await issuer.token({ aud: 'https://containerregistry.azure.net', sub: 'a workload' });
      const { refresh_token } = (await (
        await postForm(longshore, '/oauth2/exchange', {
          grant_type: 'access_token',
          service: 'registry.test',
          access_token: outside,
        })
      ).json()) as { refresh_token: string };
      const { access_token } = (await (
        await postForm(longshore, '/oauth2/token', {
          grant_type: 'refresh_token',
          service: 'registry.test',
          scope,
          refresh_token,
        })
      ).json()) as { access_token: string };
      expect((await deletedBy(bearer(access_token))).status).toBe(200);
    } finally {
      issuer.stop();
    }
  });

  it('is for nobody else, whatever else they may read or restore', async () => {
    expect((await deletedBy(puller)).status).toBe(403);
    const token = (await fetchToken(longshore, puller, [scope, 'repository:team/app:pull'])).access_token;
    expect(claimsOf(token).access).toEqual([{ type: 'repository', name: 'team/app', actions: ['pull'] }]);
    const refused = await deletedBy(bearer(token));
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining(`scope="${scope}",error="insufficient_scope"`),
    ]);
    await manage(longshore, 'PUT', '/anonymous', { repositories: ['*'] });
    expect((await deletedBy({})).status).toBe(401);
    expect(
      (await ask(longshore.app, 'GET', `/oauth2/token?service=registry.test&scope=${encodeURIComponent(scope)}`))
        .status,
    ).toBe(401);
    await manage(longshore, 'PUT', '/anonymous', { repositories: [] });
  });

  it('and the list of those that are live are opened each by its own scope', async () => {
    const [live, deleted, both] = [
      await tokenOf(lister, 'registry:catalog:*'),
      await tokenOf(lister, scope),
      await tokenOf(lister, scope, 'registry:catalog:*'),
    ];
    const seen = async (headers: Record<string, string>) =>
      Promise.all(
        [path, '/acr/v1/_catalog', '/v2/_catalog'].map(
          async (each) => (await ask(longshore.app, 'GET', each, { headers })).status,
        ),
      );
    expect(await seen(live)).toEqual([401, 200, 200]);
    expect(await seen(deleted)).toEqual([200, 401, 401]);
    expect(await seen(both)).toEqual([200, 200, 200]);
  });

  it.each([
    'registry:deleted_catalog:read',
    'registry:deleted_catalog',
    'registry:deleted_catalog/x:*',
    'registry:DELETED_CATALOG:*',
    'registry:*:*',
    'repository:deleted_catalog:*',
    'management:deleted_catalog:*',
  ])('is not opened by the scope %s', async (asked) => {
    expect((await deletedBy(await tokenOf(asAdmin, asked))).status).toBe(401);
  });
});

describe('az acr manifest restore', () => {
  const deletedOne = (of: string) => `/acr/v1/_deleted/${of}/_manifests/${image.digest}`;

  it("sends Python's words for force, and null where it names no tag", async () => {
    const { app } = composeForTest();
    await pushImage(app, 'team/app', 'v1', image);
    await ask(app, 'DELETE', `/v2/team/app/manifests/${image.digest}`);
    await pushImage(app, 'team/app', 'v1', makeImage('newer', 1));
    const restore = (force: string, body: object) =>
      ask(app, 'POST', `${deletedOne('team/app')}?force=${force}`, { body: JSON.stringify(body) });
    const refused = await restore('False', { tag: 'v1' });
    expect([refused.status, await codeOf(refused)]).toEqual([409, 'CONFLICT']);
    expect((await restore('True', { tag: 'v1' })).status).toBe(200);
    expect((await ask(app, 'HEAD', '/v2/team/app/manifests/v1')).headers.get('docker-content-digest')).toBe(
      image.digest,
    );
    await ask(app, 'DELETE', `/v2/team/app/manifests/${image.digest}`);
    expect((await restore('False', { tag: null })).status).toBe(200);
  });
});
