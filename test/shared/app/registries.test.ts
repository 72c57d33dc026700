import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../shared/adapters/memory/calls.ts';
import { composeForTest } from '../../../shared/app/compose-for-test.ts';
import { HostNames } from '../../../shared/core/http/host-names.ts';
import { digestOf } from '../../../shared/core/oci/digest.ts';
import type { RegistryName } from '../../../shared/core/oci/name.ts';
import { location, withDigest } from '../image.ts';
import type { Name } from './deployment.ts';
import { basic, Deliveries, deploy, documentsOf, passwords } from './deployment.ts';
import { Life, pushImage } from './life.ts';
import { image, lives, open, repositoriesAt } from './lives.ts';

describe('the host of a request', () => {
  it.each(['a.test', 'A.TEST', 'a.test:5000', 'a.test.', 'A.Test.:8080'])(
    'leads to its registry as %s',
    async (host) => {
      const of = await deploy(open);
      await pushImage((await lives(of)).a, image, '1');
      expect(await repositoriesAt(of, 'a', host)).toEqual({ repositories: ['team/app'] });
      expect(await repositoriesAt(of, 'b')).toEqual({ repositories: [] });
      expect(await repositoriesAt(of, 'default')).toEqual({ repositories: [] });
    },
  );

  it('is not what a proxy header says', async () => {
    const of = await deploy(open);
    await pushImage((await lives(of)).a, image, '1');
    for (const name of ['x-forwarded-host', 'x-original-host', 'forwarded']) {
      const headers = { [name]: name === 'forwarded' ? 'host=a.test' : 'a.test' };
      const answer = await of.ask('b', 'GET', '/v2/_catalog', { headers });
      expect(await answer.json()).toEqual({ repositories: [] });
    }
  });

  it('is a name of the map and no part of it', async () => {
    const of = await deploy({ settings: { hostNames: new HostNames(['registry.test'], 'no others') } });
    for (const host of [
      'x.a.test',
      'a.test.evil.test',
      'evil.test',
      'a',
      'a.test..',
      'b.test@a.test',
      'a.test:99999',
    ]) {
      for (const path of ['/v2/', '/oauth2/token', '/api/v1/tokens', '/acr/v1/_catalog', '/metrics']) {
        const answer = await of.ask('a', 'GET', path, { host, headers: { authorization: '' } }).catch(() => undefined);
        // A name that a URL cannot hold never becomes a request.
        if (answer === undefined) continue;
        expect([400, 421]).toContain(answer.status);
        expect(answer.headers.get('www-authenticate')).toBeNull();
      }
    }
  });

  it('is refused a change that a page of another registry of the deployment sends', async () => {
    const of = await deploy(open);
    const answer = (origin: string) =>
      of.ask('b', 'POST', '/v2/team/app/blobs/uploads/', { headers: { origin } }).then(({ status }) => status);
    expect([await answer('http://a.test'), await answer('http://localhost'), await answer('http://b.test')]).toEqual([
      403, 403, 202,
    ]);
  });

  it("may be called as another registry is named: the map's hosts count, and no name", async () => {
    const names = [
      { name: 'a' as RegistryName, hosts: ['b'] },
      { name: 'b' as RegistryName, hosts: ['a'] },
    ];
    const { app } = composeForTest({ registries: names });
    const usage = async (host: string) =>
      ((await (await app.fetch(new Request(`http://${host}/api/v1/usage`))).json()) as { registry: string }).registry;
    expect([await usage('a'), await usage('b')]).toEqual(['b', 'a']);
  });
});

describe('credentials of one registry', () => {
  it('open nothing of another: passwords, tokens of either kind, and the administrator', async () => {
    const of = await deploy();
    const { a } = await lives(of);
    await a.api('putScopeMap', { params: { name: 'ci' }, body: { actions: ['repositories/team/*/content/read'] } });
    const made = (await a.api('createToken', { body: { name: 'ci', scopeMap: 'ci' } })) as {
      passwords: { value: string }[];
    };
    const ci = basic('ci', made.passwords[0]?.value ?? '');
    const path = '/oauth2/token?scope=repository:team/app:pull&offline_token=true';
    const token = async (registry: Name, authorization: string) =>
      of.ask(registry, 'GET', path, { headers: { authorization } });
    expect((await token('a', ci)).status).toBe(200);
    const { access_token: access, refresh_token: refresh } = (await (
      await token('a', basic('admin', passwords.a))
    ).json()) as Record<string, string>;
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refresh ?? '' }).toString();
    for (const other of ['b', 'default'] as const) {
      expect((await token(other, ci)).status).toBe(401);
      expect((await token(other, basic('admin', passwords.a))).status).toBe(401);
      for (const authorization of [`Bearer ${access ?? ''}`, basic('admin', passwords.a), ci])
        for (const asked of ['/v2/team/app/tags/list', '/api/v1/tokens', '/metrics', '/acr/v1/_catalog'])
          expect((await of.ask(other, 'GET', asked, { headers: { authorization } })).status).toBe(401);
      const headers = { authorization: '', 'content-type': 'application/x-www-form-urlencoded' };
      expect((await of.ask(other, 'POST', '/oauth2/token', { headers, body: form })).status).toBe(401);
    }
    expect(
      (
        await of.ask('a', 'POST', '/oauth2/token', {
          headers: { authorization: '', 'content-type': 'application/x-www-form-urlencoded' },
          body: form,
        })
      ).status,
    ).toBe(200);
  });

  it('are limited apart: who has used up one budget has all of the other', async () => {
    const of = await deploy({
      settings: {
        auth: {
          mode: 'required',
          rateLimits: {
            registry: { read: 1_000, write: 1_000, delete: 1_000 },
            identity: { read: 3, write: 3, delete: 3 },
          },
        },
      },
    });
    const asked = async (registry: Name) => (await of.ask(registry, 'GET', '/v2/_catalog')).status;
    const ofA = [];
    for (let n = 0; n < 8; n += 1) ofA.push(await asked('a'));
    expect(ofA.at(-1)).toBe(429);
    expect(await asked('b')).toBe(200);
  });
});

describe('what a registry signs and seals for clients', () => {
  it('opens at no other: uploads, and places in every kind of list', async () => {
    const of = await deploy(open);
    const { a, b } = await lives(of);
    const upload = location(await a.http('v2 uploads POST', '/v2/team/app/blobs/uploads/'));
    const bytes = Buffer.from('bytes');
    for (const other of ['b', 'default'] as const) {
      for (const method of ['GET', 'PATCH', 'DELETE'])
        expect((await of.ask(other, method, upload, method === 'PATCH' ? { body: bytes } : {})).status).toBe(404);
      expect((await of.ask(other, 'PUT', withDigest(upload, digestOf(bytes)), { body: bytes })).status).toBe(404);
    }
    expect((await of.ask('a', 'PUT', withDigest(upload, digestOf(bytes)), { body: bytes })).status).toBe(201);
    for (const life of [a, b])
      for (const name of ['one', 'two', 'three']) {
        await life.api('putScopeMap', { params: { name }, body: { actions: ['catalog/read'] } });
        await life.api('putPurgePolicy', { params: { name }, body: { remove: [{ name: 'old', olderThanDays: 30 }] } });
      }
    for (const list of ['/api/v1/scope-maps', '/api/v1/purge/policies']) {
      const page = (await (await of.ask('a', 'GET', `${list}?limit=1`)).json()) as { nextLink: string };
      const next = new URL(page.nextLink, 'http://a.test');
      expect((await of.ask('a', 'GET', next.pathname + next.search)).status).toBe(200);
      for (const other of ['b', 'default'] as const)
        expect((await of.ask(other, 'GET', next.pathname + next.search)).status).toBe(400);
    }
  });

  it('names no source of a mount in another', async () => {
    const of = await deploy(open);
    const { a } = await lives(of);
    await pushImage(a, image, '1');
    const [layer] = image.blobs.map((blob) => digestOf(blob));
    for (const from of ['', '&from=team/app', '&from=a/team/app', '&from=a.test/team/app']) {
      const asked = await of.ask('b', 'POST', `/v2/team/other/blobs/uploads/?mount=${layer ?? ''}${from}`);
      expect(asked.status).toBe(202);
    }
    expect((await of.ask('b', 'HEAD', `/v2/team/app/blobs/${layer ?? ''}`)).status).toBe(404);
    expect((await of.ask('a', 'POST', `/v2/team/other/blobs/uploads/?mount=${layer ?? ''}&from=team/app`)).status).toBe(
      201,
    );
  });
});

describe('bytes that two registries have', () => {
  it('are stored once, and stay for one when the other has purged its own', async () => {
    const of = await deploy(open);
    const { a, b } = await lives(of);
    for (const life of [a, b]) await pushImage(life, image, '1');
    const [layer] = image.blobs.map((blob) => digestOf(blob));
    await a.api('setSoftDelete', { body: { enabled: true, retentionDays: 1, restoreOnPull: false } });
    await a.http('v2 manifest DELETE', `/v2/team/app/manifests/${image.digest}`);
    const deliveries = new Deliveries(of);
    for (let days = 0; days < 6; days += 1) {
      await deliveries.settle();
      await deliveries.tick();
      of.clock.advance(24 * 3_600_000);
    }
    const { a: ofA, shared } = await documentsOf(of);
    expect(Object.values(ofA).filter(({ type }) => type === 'manifest' || type === 'link')).toEqual([]);
    expect(Object.values(shared).filter(({ type }) => type === 'blob')).toHaveLength(image.blobs.length);
    expect((await of.ask('b', 'GET', `/v2/team/app/blobs/${layer ?? ''}`)).status).toBe(307);
    expect((await of.ask('a', 'GET', `/v2/team/app/blobs/${layer ?? ''}`)).status).toBe(404);
    const sources = of.world
      .region()
      .events.log.flatMap(({ type, source }) => (type === 'Longshore.Purged' ? [source] : []));
    expect(sources).toEqual(['/longshore/registries/a']);
  });
});

describe('metrics', () => {
  it('are told of each registry by itself, with its name', async () => {
    const of = await deploy(open);
    await pushImage((await lives(of)).a, image, '1');
    const text = async (registry: Name) => (await of.ask(registry, 'GET', '/metrics')).text();
    expect(await text('a')).toMatch(/longshore_events_published_total\{type="[^"]*ImagePushed",registry="a"\} 1/);
    expect(await text('b')).not.toContain('ImagePushed');
    expect(await text('b')).not.toContain('registry="a"');
    expect(await (await composeForTest().app.fetch(new Request('http://x/metrics'))).text()).not.toContain('registry=');
  });
});

describe('a pull', () => {
  it('costs no call more because there are other registries', async () => {
    const counted = async (names: readonly ('a' | 'b')[]) => {
      const calls = new CallPlan();
      const of = await deploy({ ...open, calls, names });
      await pushImage(new Life(of, 'default', new Map()), image, '1');
      const pushed = calls.list.length;
      for (const reference of ['1', image.digest, image.digest])
        await of.ask('default', 'GET', `/v2/team/app/manifests/${reference}`);
      return { push: calls.list.slice(0, pushed), pull: calls.list.slice(pushed) };
    };
    expect(await counted(['a', 'b'])).toEqual(await counted([]));
  });
});
