import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { NodeHost } from '../../host/node-host.ts';
import { startNodeHost } from '../../host/node-host.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { HeldBodies } from '../../shared/core/http/held-bodies.ts';
import { limitBody } from '../../shared/core/http/limit-body.ts';
import { Patience } from '../../shared/core/http/patience.ts';
import { BlockBuffers } from '../../shared/features/registry/block-buffers.ts';
import { inBlocks } from '../../shared/features/registry/in-blocks.ts';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import { composeRequired } from '../shared/features/identity/required.ts';
import type { Stalled } from './attack.ts';
import { rssOf, stall, statusOf } from './attack.ts';

const mebibyte = 1024 * 1024;
const open: Stalled[] = [];
afterEach(() => open.splice(0).forEach(({ socket }) => socket.destroy()));

async function many(count: number, make: (at: number) => Stalled): Promise<Stalled[]> {
  const made = Array.from({ length: count }, (_, at) => make(at));
  open.push(...made);
  return Promise.resolve(made);
}

describe('strangers who stop in the middle', () => {
  let required: RequiredStack;
  beforeAll(async () => {
    required = await startRequiredStack();
    await required.manage('PUT', '/bases/sources/ghcr', {});
  });
  afterAll(() => required.stop());

  const doors = [
    '/api/v1/bases/notify/ghcr?token=x',
    '/api/v1/tasks/none/hook?token=x',
    '/oauth2/token',
    '/oauth2/exchange',
    '/api/v1/webhooks',
    '/v2/team/app/blobs/uploads/',
    '/acr/v1/_catalog',
  ];

  it.each(['plain Node', 'the Functions host'])(
    'hold next to nothing on %s: 400 of them at doors, forms and uploads',
    async (which) => {
      const { stack } = required;
      const url = which === 'plain Node' ? stack.url : stack.functionsUrl;
      await fetch(`${url}/v2/`);
      const before = rssOf(stack.pid);
      const part = Buffer.alloc(900 * 1024, 'a');
      await many(400, (at) =>
        stall(
          url,
          `POST ${doors[at % doors.length] ?? ''} HTTP/1.1\r\nContent-Type: ` +
            `application/json\r\nX-Hub-Signature-256: sha256=00\r\nContent-Length: ${at % 2 === 0 ? mebibyte : 60_000}`,
          at % 2 === 0 ? part : part.subarray(0, 50_000),
        ),
      );
      await delay(6_000);
      expect((await fetch(`${url}/v2/`)).status).toBe(401);
      expect(rssOf(stack.pid) - before).toBeLessThan(160);
    },
  );

  it('are refused by their headers on plain Node, before they have sent a body', async () => {
    const sent = await many(1, () =>
      stall(required.stack.url, 'POST /oauth2/token HTTP/1.1\r\nContent-Length: 10000000'),
    );
    await expect.poll(() => statusOf(sent[0]?.got() ?? ''), { timeout: 5_000 }).toBe(413);
  });

  it(
    'are refused by their headers on the Functions host where they announce more than its limit; below it the ' +
      'host asks nobody before the body is there, which lies in no memory',
    async () => {
      const [over, below] = await many(2, (at) =>
        stall(
          required.stack.functionsUrl,
          `POST /oauth2/token HTTP/1.1\r\nContent-Length: ${at === 0 ? 400_000_000 : 10_000_000}`,
        ),
      );
      await expect.poll(() => statusOf(over?.got() ?? ''), { timeout: 5_000 }).toBe(500);
      for (let at = 0; at < 10; at++)
        await new Promise((resolve) => below?.socket.write(Buffer.alloc(1_000_000), resolve));
      await expect.poll(() => statusOf(below?.got() ?? ''), { timeout: 10_000 }).toBe(413);
    },
  );
});

describe('an open stack', () => {
  let stack: RunningStack;
  let state: Awaited<ReturnType<typeof stateFolder>>;
  beforeAll(async () => {
    state = await stateFolder();
    stack = await startRunningStack(state.path);
  });
  afterAll(async () => {
    await stack.stop();
    await state.remove();
  });

  it('reads no more than 1 MiB for the management API, announced or not', async () => {
    for (const url of [stack.url, stack.functionsUrl]) {
      // The Functions host asks nobody before the body is there: it refuses what is over its limit by itself.
      const [length, status] = url === stack.url ? [160 * mebibyte, 413] : [400 * mebibyte, 500];
      const announced = await many(1, () =>
        stall(url, `PUT /api/v1/webhooks/mine HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${length}`),
      );
      await expect.poll(() => statusOf(announced[0]?.got() ?? ''), { timeout: 5_000 }).toBe(status);
      const before = rssOf(stack.pid);
      const chunked = stall(
        url,
        'PUT /api/v1/webhooks/mine HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked',
      );
      const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(mebibyte, '1'), Buffer.from('\r\n')]);
      for (let at = 0; at < 160 && !chunked.isClosed(); at++)
        await new Promise((resolve) => chunked.socket.write(chunk, resolve));
      await expect.poll(() => statusOf(chunked.got()), { timeout: 5_000 }).toBe(413);
      expect(rssOf(stack.pid) - before).toBeLessThan(120);
    }
  });

  it('gives back what 150 uploads hold that stop in the middle of a block, and goes on serving meanwhile', async () => {
    const before = rssOf(stack.pid);
    const part = Buffer.alloc(Math.floor(4.9 * mebibyte), 'a');
    for (let at = 0; at < 150; at++) {
      const location =
        (await fetch(`${stack.url}/v2/team/app/blobs/uploads/`, { method: 'POST' })).headers.get('location') ?? '';
      open.push(stall(stack.url, `PATCH ${location} HTTP/1.1\r\nContent-Length: 100000000`, part));
    }
    await delay(5_000);
    const during = rssOf(stack.pid) - before;
    expect((await fetch(`${stack.url}/v2/`)).status).toBe(200);
    await delay(25_000);
    const later = rssOf(stack.pid) - before;
    process.stdout.write(
      `150 stalled uploads: ${Math.round(during)} MiB more after 5 s, ${Math.round(later)} MiB more after 30 s\n`,
    );
    expect(during).toBeLessThan(400);
    expect(later).toBeLessThan(250);
  }, 90_000);
});

describe('a door', () => {
  it('does not read a body where it does not exist, or for who tells a wrong secret', async () => {
    const { app } = composeRequired();
    for (const [path, headers] of [
      ['/api/v1/bases/notify/ghcr', { 'x-hub-signature-256': 'sha256=00' }],
      ['/api/v1/bases/notify/ghcr?token=x', {}],
    ] as const) {
      let pulled = 0;
      const body = new ReadableStream(
        {
          pull(controller) {
            pulled++;
            controller.enqueue(new Uint8Array(1024));
          },
        },
        { highWaterMark: 0 },
      );
      expect(
        (await app.fetch(new Request(`http://registry.test${path}`, { method: 'POST', body, headers, duplex: 'half' })))
          .status,
      ).toBe(401);
      expect(pulled).toBe(0);
    }
  });
});

describe('bodies that are gathered in memory', () => {
  it('go when they stall, so that one that moves has room', async () => {
    const held = new HeldBodies({ limit: 100, idleMs: 60_000, totalMs: 60_000 });
    const stalled = held.begin();
    stalled.add(90);
    const ended = stalled.patience.next(() => new Promise(() => undefined)).catch((error: unknown) => error);
    const moving = held.begin();
    expect(() => moving.add(50)).toThrow('too many request bodies');
    await delay(1_100);
    moving.add(50);
    expect(await ended).toMatchObject({ fault: { is: 'too-slow' } });
    expect(held.bytes).toBe(50);
    moving.release();
    stalled.release();
    expect(held.bytes).toBe(0);
  });

  it('may take as long as they like while bytes come, where no total is set; silence ends them', async () => {
    async function* slow(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < 5; at++) yield delay(60).then(() => new Uint8Array(1));
      await delay(2_000);
    }
    let bytes = 0;
    const reading = (async () => {
      for await (const chunk of limitBody(slow(), undefined, 'upload-invalid', new Patience({ idleMs: 200 })))
        bytes += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ fault: { is: 'too-slow' } });
    expect(bytes).toBe(5);
  });
});

describe('the buffers of uploads', () => {
  it('are so many and no more; an upload that stops stores what it has and leaves its own to the next', async () => {
    const buffers = new BlockBuffers({ size: 200_000, most: 1 });
    const pace = { patientMs: 60_000, wantedMs: 50 };
    async function* stops(): AsyncGenerator<Uint8Array> {
      yield Promise.resolve(new Uint8Array(100_000));
      await delay(1_000);
      yield new Uint8Array(7);
    }
    async function* whole(): AsyncGenerator<Uint8Array> {
      yield Promise.resolve(new Uint8Array(150_000));
    }
    const sizes = async (body: AsyncIterable<Uint8Array>) => {
      const seen: number[] = [];
      for await (const { block, giveBack } of inBlocks(body, 200_000, buffers, pace)) {
        seen.push(block.length);
        giveBack(true);
      }
      return seen;
    };
    const first = sizes(stops());
    await delay(10);
    const began = performance.now();
    expect(await sizes(whole())).toEqual([150_000]);
    expect(performance.now() - began).toBeLessThan(900);
    expect(await first).toEqual([100_000, 7]);
    expect(buffers.out).toBe(0);
  });
});

describe('connections', () => {
  let host: NodeHost;
  afterEach(() => host.stop(100));

  it('make room for new ones when they are idle, and end when their client is silent though it is its turn', async () => {
    host = await startNodeHost(composeForTest().app, { host: '127.0.0.1', port: 0 }, { most: 20, silentMs: 1_500 });
    const idle = await many(60, () => stall(host.url, 'GET /v2/ HTTP/1.1'));
    await expect
      .poll(() => idle.filter((each) => each.isClosed()).length, { timeout: 3_000 })
      .toBeGreaterThanOrEqual(40);
    expect((await fetch(`${host.url}/v2/`)).status).toBe(200);
    const began = performance.now();
    const silent = ['', 'GET /v2/ HTTP/1.1\r\nHost: x\r\n'].map(async (text) => {
      const socket = connect(Number(new URL(host.url).port), '127.0.0.1');
      socket.on('error', () => undefined).write(text);
      await once(socket.resume(), 'close');
      return performance.now() - began;
    });
    for (const ms of await Promise.all(silent)) expect(ms).toBeGreaterThan(1_000);
  });

  it('make room for new ones where all places are taken by strangers who send a byte now and then', async () => {
    host = await startNodeHost(composeRequired().app, { host: '127.0.0.1', port: 0 }, { most: 20, silentMs: 75_000 });
    const trickling = await many(30, () =>
      stall(host.url, 'POST /oauth2/token HTTP/1.1\r\nContent-Length: 60000', Buffer.from('a')),
    );
    const drip = setInterval(() => trickling.forEach(({ socket }) => socket.write('a')), 500);
    await delay(6_500);
    for (let at = 0; at < 5; at++)
      expect((await fetch(`${host.url}/v2/`, { headers: { connection: 'close' } })).status).toBe(401);
    clearInterval(drip);
  }, 20_000);

  it('make room for new ones where all places are taken by readers who read little; one that reads on is left alone', async () => {
    const longshore = composeForTest({ settings: { blobs: 'proxy' } });
    const bytes = Buffer.alloc(16 * mebibyte, 'a');
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    expect(
      (
        await longshore.app.fetch(
          new Request(`http://registry.test/v2/team/app/blobs/uploads/?digest=${digest}`, {
            method: 'POST',
            body: bytes,
          }),
        )
      ).status,
    ).toBe(201);
    host = await startNodeHost(longshore.app, { host: '127.0.0.1', port: 0 }, { most: 20, silentMs: 75_000 });
    const get = () => {
      const socket = connect(Number(new URL(host.url).port), '127.0.0.1');
      socket.on('error', () => undefined).write(`GET /v2/team/app/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`);
      return socket;
    };
    const readers = Array.from({ length: 20 }, () => get().pause());
    const [steady] = readers;
    let taken = 0;
    const sip = setInterval(() => {
      readers.slice(1).forEach((socket) => void socket.read(1));
      taken += (steady?.read() as Buffer | null)?.length ?? 0;
    }, 50);
    readers.forEach((socket) => socket.on('readable', () => undefined));
    const pinged = () =>
      fetch(`${host.url}/v2/`, { headers: { connection: 'close' } }).then(
        ({ status }) => status,
        () => 'no place',
      );
    // The first who finds no place begins the time in which they must move on.
    await expect.poll(pinged, { timeout: 12_000, interval: 500 }).toBe(200);
    for (let at = 0; at < 5; at++) expect(await pinged()).toBe(200);
    await expect.poll(() => taken, { timeout: 20_000 }).toBeGreaterThan(bytes.length);
    clearInterval(sip);
    readers.forEach((socket) => socket.destroy());
  }, 40_000);
});
