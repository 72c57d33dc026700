import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import type { Registry } from '../shared/features/builds/bases/building.ts';
import { build, reasonOf, registry, upload } from '../shared/features/builds/bases/building.ts';

interface Server_ {
  readonly host: string;
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Something that listens on this machine: an attacker's registry, or a service that nobody else may reach. */
async function listening(answer: Server_['answer'] = (_, response) => response.end()): Promise<Server_> {
  const state: Server_ = { host: '', asked: [], answer };
  const server = createServer((request, response) => {
    state.asked.push({ path: request.url ?? '', authorization: request.headers.authorization });
    state.answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return Object.assign(state, { host: `127.0.0.1:${(server.address() as AddressInfo).port}` });
}

const digest = `sha256:${'1'.repeat(64)}`;
/** It wants a token of somewhere, and shows what it was given. */
const wants =
  (realm: string): Server_['answer'] =>
  ({ headers }, response) =>
    (headers.authorization === undefined
      ? response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="them"` })
      : response.writeHead(200, { 'docker-content-digest': digest })
    ).end();
const secretService: Server_['answer'] = (_, response) =>
  response.end(JSON.stringify({ token: 'the secret of a service' }));

async function minutes(of: Registry, count: number): Promise<void> {
  const one = of.process();
  for (let n = 0; n < count; n += 1) {
    of.clock.advance(60_000);
    await one.timers['builds-sweep']();
  }
  await of.settle();
}

async function pushedOn(of: Registry, host: string): Promise<void> {
  await of.push(build('app', 'app', { says: `${host}/library/base:1` }), '1');
  await of.settle();
  await minutes(of, 3);
}

const watched = async (of: Registry, host: string) =>
  (
    await connectMemory(of.world).documents.readDocument({
      container: 'dependencies',
      partition: [`${host}/library/base`],
      id: 'watched:1',
    })
  )?.document;

describe("a host that an image names as its base's", () => {
  it('is not asked for anything when nobody has listed it', async () => {
    const there = await listening();
    const of = registry();
    await pushedOn(of, there.host);
    await minutes(of, 300);
    expect(there.asked).toEqual([]);
    expect(await watched(of, there.host)).toMatchObject({
      error: expect.stringContaining('is not an upstream') as string,
    });
    // And no document counts requests to it.
    expect(
      (
        await connectMemory(of.world).documents.queryDocuments({
          container: 'registries',
          partition: ['default'],
          where: [{ path: 'type', is: '=', value: 'upstream' }],
          limit: 10,
        })
      ).documents,
    ).toEqual([]);
  });

  it('is not asked because a notification or a task of another image names it', async () => {
    const there = await listening();
    const of = registry();
    await of.api('PUT', '/tasks/other', {
      image: 'other:1',
      context: { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${there.host}/library/theirs:1`) },
    });
    await of.settle();
    await pushedOn(of, there.host);
    expect(
      (
        await of.api('POST', '/bases/notify/distribution', {
          events: [{ action: 'push', target: { repository: 'library/base', tag: '1' }, request: { host: there.host } }],
        })
      ).status,
    ).toBe(202);
    await of.settle();
    expect(there.asked.map(({ path }) => path)).toEqual(['/v2/library/theirs/manifests/1']);
  });

  it('is not asked because of a Dockerfile that moves, unless its task lists it', async () => {
    const there = await listening((_, response) => response.writeHead(200, { 'docker-content-digest': digest }).end());
    const of = registry();
    of.git.create('https://git.example/app.git');
    of.git.commit('https://git.example/app.git', 'main', { Dockerfile: `FROM ${there.host}/library/base:1` });
    const put = (more: object) =>
      of.api('PUT', '/tasks/app', { image: 'app:1', context: { git: 'https://git.example/app.git' }, ...more });
    await put({});
    await minutes(of, 3);
    expect(there.asked).toEqual([]);
    expect((await put({ pulls: [`${there.host}/library/**`] })).status).toBe(200);
    await minutes(of, 70);
    expect(there.asked.length).toBeGreaterThan(0);
  });

  it.each([
    ['an administrator', async (of: Registry, host: string) => of.api('PUT', `/bases/upstreams/${host}`, {})],
    [
      'the author of a task, by its Dockerfile',
      async (of: Registry, host: string) =>
        of.api('PUT', '/tasks/app', {
          image: 'app:1',
          context: { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/library/base:1`) },
        }),
    ],
  ])('is asked when it is listed by %s', async (_, list) => {
    const there = await listening((__, response) => response.writeHead(200, { 'docker-content-digest': digest }).end());
    const of = registry();
    expect((await list(of, there.host)).status).toBe(201);
    await pushedOn(of, there.host);
    expect(there.asked.map(({ path }) => path)).toEqual(['/v2/library/base/manifests/1']);
    expect(await reasonOf(of, 'app:1', `${there.host}/library/base:1`)).not.toBe('registry-not-listed');
  });

  it('is asked when the operator lists it, and then no other', async () => {
    const [there, other] = [await listening(), await listening()];
    const of = registry({ upstream: { intervalMs: 3_600_000, perMinute: 30, hosts: [there.host] } });
    await pushedOn(of, there.host);
    await of.push(build('b', 'b', { says: `${other.host}/library/base:1` }), '1');
    await of.settle();
    await minutes(of, 3);
    expect([there.asked.length > 0, other.asked]).toEqual([true, []]);
  });
});

describe('the token service that a registry names', () => {
  it('is not asked when it is another host, so that what it answers is sent nowhere', async () => {
    const inside = await listening(secretService);
    const there = await listening(wants(`http://${inside.host}/latest/meta-data/token`));
    const of = registry();
    await of.api('PUT', `/bases/upstreams/${there.host}`, {});
    await pushedOn(of, there.host);
    expect(inside.asked).toEqual([]);
    expect(there.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
    expect(await watched(of, there.host)).toMatchObject({
      failures: 1,
      error: expect.stringContaining(`it requires a token from ${inside.host}, which is another host`) as string,
    });
  });

  it.each([
    ['another port of the same machine', (inside: string) => `http://localhost:${inside.split(':')[1] ?? ''}/`],
    ["the same host in a user's place", (inside: string, there: string) => `http://${there}@${inside}/`],
    ['another spelling of the address', (inside: string) => `http://2130706433:${inside.split(':')[1] ?? ''}/`],
    [
      'an address of IPv6 that holds it',
      (inside: string) => `http://[::ffff:127.0.0.1]:${inside.split(':')[1] ?? ''}/`,
    ],
    ['a host that begins so', (inside: string, there: string) => `http://${there}.${inside}/`],
  ])('is not asked at %s', async (_, realmOf) => {
    const inside = await listening(secretService);
    const there = await listening();
    there.answer = wants(realmOf(inside.host, there.host));
    const of = registry();
    await of.api('PUT', `/bases/upstreams/${there.host}`, {});
    await pushedOn(of, there.host);
    expect(inside.asked).toEqual([]);
    expect(there.asked.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it('is asked when it is the registry itself, or the host that an administrator has named', async () => {
    const tokens = await listening(secretService);
    const there = await listening(wants(`http://${tokens.host}/token`));
    const of = registry();
    await of.api('PUT', `/bases/upstreams/${there.host}`, { realm: tokens.host });
    await pushedOn(of, there.host);
    expect(there.asked.at(-1)?.authorization).toBe('Bearer the secret of a service');
    expect(await watched(of, there.host)).toMatchObject({ digest });
  });

  it('leads to no redirect', async () => {
    const inside = await listening(secretService);
    const there = await listening();
    there.answer = (request, response) => {
      if (request.url?.startsWith('/token') === true)
        response.writeHead(302, { location: `http://${inside.host}/` }).end();
      else wants(`http://${there.host}/token`)(request, response);
    };
    const of = registry();
    await of.api('PUT', `/bases/upstreams/${there.host}`, {});
    await pushedOn(of, there.host);
    expect(inside.asked).toEqual([]);
  });
});

describe('listing a registry', () => {
  it('takes a user only together with a secret', async () => {
    const of = registry();
    for (const half of [{ username: 'robot' }, { secret: 'their-password' }])
      expect((await of.api('PUT', '/bases/upstreams/registry.example', half)).status).toBe(400);
    expect((await of.api('PUT', '/bases/upstreams/Registry.Example', { realm: 'auth.example' })).body).toEqual({
      host: 'registry.example',
      realm: 'auth.example',
    });
  });
});
