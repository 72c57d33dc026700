import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectMemory } from '../../../../../shared/adapters/memory/connect.ts';
import { sized } from '../../../../deep.ts';
import type { Registry } from './building.ts';
import { build, reasonOf, registry, upload } from './building.ts';

const minuteMs = 60_000;
const [first, second] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`];

interface Upstream {
  readonly host: string;
  readonly asked: { readonly method: string; readonly path: string; readonly headers: IncomingMessage['headers'] }[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A registry whose tags are all at one digest. */
async function upstream(): Promise<Upstream & { digest: string }> {
  const state: Upstream & { digest: string } = {
    host: '',
    asked: [],
    digest: first,
    answer: ({ headers }, response) => {
      response
        .writeHead(headers['if-none-match'] === `"${state.digest}"` ? 304 : 200, {
          'docker-content-digest': state.digest,
        })
        .end();
    },
  };
  const server = createServer((request, response) => {
    state.asked.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers });
    state.answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return Object.assign(state, { host: `127.0.0.1:${(server.address() as AddressInfo).port}` });
}

async function on(host: string, tags = ['1'], settings: Parameters<typeof registry>[0] = {}): Promise<Registry> {
  const of = registry(settings);
  // A pusher can name any host, so a host is asked only when it is listed.
  await of.api('PUT', `/bases/upstreams/${host}`, {});
  for (const tag of tags)
    await of.push(build(`app-${tag}`, `app ${tag}`, { says: `${host}/library/base:${tag}` }), '1');
  await of.settle();
  return of;
}

/** The timer of so many minutes. */
async function minutes(of: Registry, count: number): Promise<void> {
  const one = of.process();
  for (let n = 0; n < count; n += 1) {
    of.clock.advance(minuteMs);
    await one.timers['builds-sweep']();
  }
  await of.settle();
}

describe('a tag of another registry that images are built on', () => {
  it('is checked by one conditional HEAD in an interval, and its move is published once', async () => {
    const there = await upstream();
    const of = await on(there.host);
    await minutes(of, 1);
    expect(there.asked).toMatchObject([{ method: 'HEAD', path: '/v2/library/base/manifests/1' }]);
    await minutes(of, 180);
    expect(there.asked.length).toBeGreaterThanOrEqual(3);
    expect(there.asked.length).toBeLessThanOrEqual(4);
    expect(there.asked.at(-1)?.headers['if-none-match']).toBe(`"${first}"`);
    expect(of.events('Longshore.BaseImageUpdated')).toEqual([]);
    there.digest = second;
    await minutes(of, 180);
    expect(of.events('Longshore.BaseImageUpdated')).toMatchObject([
      { data: { target: { image: `${there.host}/library/base:1`, digest: second, previousDigest: first } } },
    ]);
  });

  it('is checked at once when its registry sends a notification, which is not believed itself', async () => {
    const there = await upstream();
    const of = await on(there.host);
    await minutes(of, 1);
    // As Distribution sends it, type and all.
    const notify = async (body: object) => {
      const answer = await of.app.fetch(
        new Request('http://registry.test/api/v1/bases/notify/distribution', {
          method: 'POST',
          headers: { 'content-type': 'application/vnd.docker.distribution.events.v1+json' },
          body: JSON.stringify(body),
        }),
      );
      return { status: answer.status, body: await answer.json() };
    };
    const pushed = {
      events: [{ action: 'push', target: { repository: 'library/base', tag: '1' }, request: { host: there.host } }],
    };
    expect(await notify(pushed)).toMatchObject({ status: 202, body: { watched: 1 } });
    await of.settle();
    expect(there.asked).toHaveLength(2);
    expect(of.events('Longshore.BaseImageUpdated')).toEqual([]);
    there.digest = second;
    await notify(pushed);
    await of.settle();
    expect(of.events('Longshore.BaseImageUpdated')).toHaveLength(1);
    expect(
      await notify({
        events: [{ action: 'push', target: { repository: 'library/other', tag: '1' }, request: { host: there.host } }],
      }),
    ).toMatchObject({ body: { watched: 0 } });
    expect(await notify({ not: 'one' })).toMatchObject({ status: 400 });
  });

  it('has the images that tasks build on it built again', async () => {
    const there = await upstream();
    const of = registry();
    await of.api('PUT', '/tasks/app', {
      image: 'app:1',
      context: { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${there.host}/library/base:1`) },
    });
    await minutes(of, 1);
    there.digest = second;
    await minutes(of, 70);
    expect((await of.pull('app:1')).layers).toEqual([`layer FROM ${there.host}/library/base:1 (1)`]);
    expect(await reasonOf(of, 'app:1', `${there.host}/library/base:1`)).toBe('made');
  });

  it('is checked with a token where its registry requires one', async () => {
    const there = await upstream();
    const plain = there.answer;
    there.answer = (request, response) => {
      if (request.url?.startsWith('/token') === true) response.end(JSON.stringify({ token: 'a token' }));
      else if (request.headers.authorization !== 'Bearer a token')
        response
          .writeHead(401, { 'www-authenticate': `Bearer realm="http://${there.host}/token",service="them"` })
          .end();
      else plain(request, response);
    };
    const of = await on(there.host);
    await minutes(of, 1);
    expect(there.asked.map(({ path }) => path)).toEqual([
      '/v2/library/base/manifests/1',
      '/token?service=them&scope=repository%3Alibrary%2Fbase%3Apull',
      '/v2/library/base/manifests/1',
    ]);
    expect(await reasonOf(of, 'app-1:1', `${there.host}/library/base:1`)).toBe('another-registry');
  });

  const private_ = async (realmHost?: string) => {
    const there = await upstream();
    const [plain, realm] = [there.answer, `http://${realmHost ?? there.host}/token`];
    there.answer = (request, response) => {
      if (request.url?.startsWith('/token') === true)
        response.end(
          JSON.stringify({
            token:
              request.headers.authorization === `Basic ${Buffer.from('robot:a password').toString('base64')}`
                ? 'a token'
                : 'nobody',
          }),
        );
      else if (request.headers.authorization !== 'Bearer a token')
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="them"` }).end();
      else plain(request, response);
    };
    const of = await on(there.host);
    return {
      there,
      of,
      login: (settings: object = {}) =>
        of.api('PUT', `/bases/upstreams/${there.host}`, {
          username: 'robot',
          secret: 'longshore-user-registry',
          ...settings,
        }),
    };
  };
  const watchedAt = async (of: Registry, there: { host: string }) =>
    (
      await connectMemory(of.world).documents.readDocument({
        container: 'dependencies',
        partition: [`${there.host}/library/base`],
        id: 'watched:1',
      })
    )?.document;

  it('of a private registry is checked with the login that it was given, whose password is in the vault', async () => {
    const { there, of, login } = await private_();
    of.world.secrets.put('longshore-user-registry', 'a password', { 'longshore-hosts': there.host });
    expect(await login()).toEqual({
      status: 200,
      body: { host: there.host, username: 'robot', secret: 'longshore-user-registry' },
    });
    await minutes(of, 1);
    expect(await watchedAt(of, there)).toMatchObject({ digest: first, failures: 0 });
    expect((await of.api('DELETE', `/bases/upstreams/${there.host}`)).status).toBe(204);
    expect((await of.api('DELETE', `/bases/upstreams/${there.host}`)).status).toBe(404);
  });

  it('has its password sent to no other host that its registry names, unless that host was set as its realm', async () => {
    const other = await upstream();
    const asOther = other.answer;
    other.answer = (request, response) => {
      if (request.url?.startsWith('/token') === true) response.end(JSON.stringify({ token: 'a token' }));
      else asOther(request, response);
    };
    const { there, of, login } = await private_(other.host);
    of.world.secrets.put('longshore-user-registry', 'a password', { 'longshore-hosts': `${there.host} ${other.host}` });
    await login();
    await minutes(of, 1);
    expect(other.asked).toEqual([]);
    expect(await watchedAt(of, there)).toMatchObject({
      failures: 1,
      error: expect.stringContaining(`the password at ${other.host}, which is another host`) as string,
    });
    await login({ realm: other.host });
    await minutes(of, 6 * 60);
    expect(other.asked.length).toBeGreaterThan(0);
    expect(await watchedAt(of, there)).toMatchObject({ digest: first, failures: 0 });
  });

  it('says so when the vault has no such password', async () => {
    const { there, of, login } = await private_();
    await login();
    await minutes(of, 1);
    expect(there.asked).toEqual([]);
    expect(await watchedAt(of, there)).toMatchObject({
      error: expect.stringContaining('no secret "longshore-user-registry"') as string,
    });
  });

  it.each(['127.0.0.1:99999', `${'a'.repeat(300)}.example`])(
    'is none when its host is none, whatever an image says: %s',
    async (host) => {
      const there = await upstream();
      const of = await on(there.host);
      await of.push(build('bad', 'bad', { says: `${host}/library/base:1` }), '1');
      await of.settle();
      await minutes(of, 1);
      expect(there.asked).toHaveLength(1);
      expect((await of.api('GET', '/bases?image=bad:1')).body).toMatchObject({ bases: [] });
    },
  );

  it('is not watched any more when no image is built on it', async () => {
    const there = await upstream();
    const of = await on(there.host);
    await of.app.fetch(new Request('http://registry.test/v2/app-1/manifests/1', { method: 'DELETE' }));
    await of.settle();
    await minutes(of, 120);
    expect(there.asked).toEqual([]);
  });
});

describe('another registry', () => {
  it('gets no more requests in a minute than are allowed, however many of its tags are watched', async () => {
    const there = await upstream();
    const tags = Array.from({ length: 100 }, (_, n) => `t${n}`);
    const of = await on(there.host, tags, { upstream: { intervalMs: 60 * minuteMs, perMinute: 7 } });
    const one = of.process();
    for (let minute = 0; minute < 20; minute += 1) {
      const before = there.asked.length;
      of.clock.advance(minuteMs);
      await one.timers['builds-sweep']();
      await one.timers['builds-sweep']();
      expect(there.asked.length - before).toBeLessThanOrEqual(7);
    }
    // All had their turn by then, and none twice.
    expect(new Set(there.asked.map(({ path }) => path)).size).toBe(100);
    expect(there.asked).toHaveLength(100);
  }, 30_000);

  it('gets no more of them from three instances, and one check of each of many tags in an interval', async () => {
    const there = await upstream();
    const of = registry({ upstream: { intervalMs: 60 * minuteMs, perMinute: 30 } });
    const tags = sized(200, 1_000);
    for (let app = 0; app < tags / 40; app += 1) {
      const stages = Array.from({ length: 40 }, (_, n) => `FROM ${there.host}/library/base:t${40 * app + n} AS s${n}`);
      const copies = stages.map((_, n) => `COPY --from=s${n} / /`);
      const made = await of.api('PUT', `/tasks/app-${app}`, {
        image: `app-${app}:1`,
        context: {
          repository: 'contexts',
          digest: await upload(of, 'contexts', [...stages, 'FROM scratch', ...copies].join('\n')),
        },
      });
      expect(made).toMatchObject({ status: 201 });
    }
    const instances = [of.process(), of.process(), of.process()];
    let minutesTaken = 0;
    while (there.asked.length < tags && minutesTaken < 60) {
      const before = there.asked.length;
      of.clock.advance(minuteMs);
      await Promise.all(instances.map((one) => one.timers['builds-sweep']()));
      expect(there.asked.length - before).toBeLessThanOrEqual(30);
      minutesTaken += 1;
    }
    expect(new Set(there.asked.map(({ path }) => path)).size).toBe(tags);
    expect(there.asked).toHaveLength(tags);
    // A few looks of a minute go to tags that another instance has just taken.
    expect(minutesTaken).toBeLessThanOrEqual(Math.ceil(tags / 30) + 4);
  }, 60_000);

  it.each([
    ['429 with Retry-After', { 'retry-after': '600' }, 429],
    ['503 with Retry-After', { 'retry-after': '600' }, 503],
    ['429, and that nothing is left for longer', { 'retry-after': '10', 'ratelimit-remaining': '0;w=600' }, 429],
    ['that nothing is left', { 'ratelimit-remaining': '0;w=600', 'docker-content-digest': first }, 200],
  ])('is left alone when it answers %s', async (_, headers, status) => {
    const there = await upstream();
    const of = await on(there.host, ['a', 'b', 'c']);
    there.answer = (__, response) => response.writeHead(status, headers).end();
    await minutes(of, 9);
    expect(there.asked).toHaveLength(1);
    await minutes(of, 3);
    expect(there.asked.length).toBeGreaterThan(1);
  });

  it('is not asked until the date that it names, by the clock of the app', async () => {
    const there = await upstream();
    const of = await on(there.host, ['a', 'b', 'c']);
    const until = new Date(of.clock.now().getTime() + 11 * minuteMs).toUTCString();
    there.answer = (__, response) => response.writeHead(429, { 'retry-after': until }).end();
    await minutes(of, 9);
    expect(there.asked).toHaveLength(1);
    await minutes(of, 3);
    expect(there.asked.length).toBeGreaterThan(1);
  });

  it('that does not answer is asked ever more rarely', async () => {
    const there = await upstream();
    const of = await on(there.host);
    there.answer = (_, response) => response.destroy();
    await minutes(of, 6 * 60);
    // At once, after two hours, and after four more.
    expect(there.asked.length).toBeGreaterThanOrEqual(2);
    expect(there.asked.length).toBeLessThanOrEqual(3);
  });
});
