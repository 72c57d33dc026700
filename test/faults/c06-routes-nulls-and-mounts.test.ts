import { beforeAll, describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import type { Required } from '../shared/features/identity/required.ts';
import {
  asAdmin,
  basic,
  bearer,
  codeOf,
  composeRequired,
  fetchToken,
  makeToken,
  manage,
} from '../shared/features/identity/required.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';

describe("a path of ACR's API", () => {
  const digest = digestOf(Buffer.from('none'));

  it.each([
    'team/app/_nothing',
    'team/app/_nothing/x',
    'app/_tag',
    'app/_nothing/_tags',
    'app/_tags/v1/more',
    `app/_manifests/${digest}/_references`,
    'team%2Fapp/_nothing',
    'app/%5Fnothing',
    '_nothing',
    '_catalog/x',
    'app/_catalog',
    '_deleted',
    '_deleted/app',
    '_deleted/app/_nothing',
    '_deleted/app/_nothing/_tags',
    '_deleted/app/_tags/v1',
    `_deleted/app/_manifests/${digest}/_tags`,
  ])('that is none is an unknown route, and no bad name: %s', async (path) => {
    const answer = await ask(composeForTest().app, 'GET', `/acr/v1/${path}`);
    expect([answer.status, await codeOf(answer)]).toEqual([404, 'NOT_FOUND']);
  });

  it.each(['Team/app', 'Team/app/_tags', 'app-/_manifests', '_tags', '_deleted/Team/_tags', ''])(
    'says of a bad name that it is one: %s',
    async (path) => {
      const answer = await ask(composeForTest().app, 'GET', `/acr/v1/${path}`);
      expect([answer.status, await codeOf(answer)]).toEqual([400, 'NAME_INVALID']);
    },
  );

  it('reads a tag that is called as one of its words', async () => {
    const { app } = composeForTest();
    for (const tag of ['_tags', '_manifests', '_deleted', '_x']) {
      await pushImage(app, 'team/app', tag, makeImage(tag, 1));
      expect(await (await ask(app, 'GET', `/acr/v1/team/app/_tags/${tag}`)).json()).toMatchObject({
        imageName: 'team/app',
        tag: { name: tag },
      });
    }
  });
});

describe('rate limits that are null', () => {
  it('go back to what the SKU says, all of them', async () => {
    const longshore = composeRequired({ rateLimits: { registry: 'sku', identity: 'sku' } });
    const fresh = await manage<{ inForce: unknown }>(longshore, 'GET', '/registry');
    await manage(longshore, 'PATCH', '/registry', {
      sku: 'premium',
      rateLimits: { registry: { read: 50 }, identity: { write: 5 } },
    });
    expect(await manage(longshore, 'PATCH', '/registry', { rateLimits: null })).toMatchObject({
      sku: 'premium',
      rateLimits: { registry: {}, identity: {} },
    });
    expect(await manage(longshore, 'PATCH', '/registry', { sku: null, rateLimits: null })).toMatchObject({
      inForce: fresh.inForce,
    });
    expect(await manage(longshore, 'PATCH', '/registry', { rateLimits: null })).toMatchObject({
      inForce: fresh.inForce,
    });
  });
});

describe('a mount from a repository that the caller may not pull', () => {
  const bytes = Buffer.from('a secret layer');
  const digest = digestOf(bytes);
  let longshore: Required;
  let pusher: Record<string, string>;

  const mount = (headers: Record<string, string>, from: string, to = 'team/app', blob = digest) =>
    ask(longshore.app, 'POST', `/v2/${to}/blobs/uploads/?mount=${blob}&from=${from}`, { headers });

  beforeAll(async () => {
    longshore = composeRequired();
    const pushed = await ask(longshore.app, 'POST', `/v2/secret/app/blobs/uploads/?digest=${digest}`, {
      headers: asAdmin,
      body: bytes,
    });
    expect(pushed.status).toBe(201);
    pusher = basic(
      'pusher',
      await makeToken(longshore, 'pusher', [
        'repositories/team/*/content/read',
        'repositories/team/*/content/write',
        'repositories/blind/content/write',
      ]),
    );
  });

  it('is answered with an upload that works, to a password and to a token', async () => {
    const token = bearer(
      (await fetchToken(longshore, pusher, ['repository:team/app:pull,push', 'repository:secret/app:pull']))
        .access_token,
    );
    for (const headers of [pusher, token]) {
      const answer = await mount(headers, 'secret/app');
      const { pathname, search } = new URL(answer.headers.get('location') ?? '', 'http://registry.test');
      expect([answer.status, pathname]).toEqual([202, expect.stringMatching(/^\/v2\/team\/app\/blobs\/uploads\/./)]);
      const other = Buffer.from(`what ${answer.headers.get('docker-upload-uuid') ?? ''} sends`);
      expect(
        (await ask(longshore.app, 'PUT', `${pathname}${search}&digest=${digestOf(other)}`, { headers, body: other }))
          .status,
      ).toBe(201);
      expect((await ask(longshore.app, 'HEAD', `/v2/team/app/blobs/${digest}`, { headers })).status).toBe(404);
    }
  });

  it('is answered the same, and without a look at the store, whether the source has the blob or is not there', async () => {
    await mount(pusher, 'secret/app');
    longshore.memory.calls.resetCounts();
    const seen = await Promise.all(
      [
        ['secret/app', digest],
        ['secret/none', digest],
        ['secret/app', digestOf(Buffer.from('none'))],
      ].map(async ([from = '', blob]) => {
        const answer = await mount(pusher, from, 'team/app', blob as typeof digest);
        return [answer.status, [...answer.headers.keys()].sort(), await answer.text()];
      }),
    );
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
    expect(longshore.memory.calls.list).toEqual([]);
  });

  it('is done once the caller may', async () => {
    const friend = basic(
      'friend',
      await makeToken(longshore, 'friend', [
        'repositories/team/*/content/read',
        'repositories/team/*/content/write',
        'repositories/secret/app/content/read',
      ]),
    );
    expect((await mount(friend, 'secret/app', 'team/friend')).status).toBe(201);
  });

  it('is refused to who may not push, or not pull what it pushes to, with a challenge for both', async () => {
    expect((await mount({}, 'secret/app')).headers.get('www-authenticate')).toContain(
      'scope="repository:team/app:pull,push repository:secret/app:pull"',
    );
    expect((await mount(pusher, 'team/app', 'other/app')).status).toBe(403);
    expect((await mount(pusher, 'secret/app', 'blind')).status).toBe(403);
    expect((await mount(pusher, 'secret/app', 'secret/app')).status).toBe(403);
  });
});
