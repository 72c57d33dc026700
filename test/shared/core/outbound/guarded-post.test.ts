import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { defined } from '../../../../shared/core/documents/defined.ts';
import type { GuardedPostOptions } from '../../../../shared/core/outbound/guarded-post.ts';
import { guardedPost } from '../../../../shared/core/outbound/guarded-post.ts';
import type { OutboundClientOptions } from '../../../../shared/core/outbound/outbound-client.ts';
import { outboundClient } from '../../../../shared/core/outbound/outbound-client.ts';
import { loopbackNetworks, reachOf } from '../../../../shared/core/outbound/public-address.ts';
import { nameResolver } from '../../../../shared/core/outbound/resolve-name.ts';
import type { OutboundRequest } from '../../../../shared/core/ports/post.ts';
import { certificateOfHookTest } from '../http/certificate.ts';
import { startNameServer } from '../http/name-server.ts';
import type { Receiver } from '../http/receiver.ts';
import { startReceiver } from '../http/receiver.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function sender({ totalMs, ...options }: Partial<OutboundClientOptions> & GuardedPostOptions = {}) {
  const client = outboundClient({ reach: reachOf(loopbackNetworks), ...options });
  ends.push(() => client.close());
  const made = guardedPost(client, defined({ totalMs }));
  return {
    post: (request: Omit<OutboundRequest, 'dependency'>) => made.post({ dependency: 'receiver', ...request }),
  };
}

async function receiver(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  tls?: { key: string; cert: string },
): Promise<Receiver & { url: URL }> {
  const started = await startReceiver(answer, tls);
  ends.push(() => started.stop());
  return { ...started, url: new URL(`http://127.0.0.1:${started.port}/hook?a=1`) };
}

/** One that speaks no HTTP of its own accord. */
async function rawReceiver(talk: (socket: Socket) => void): Promise<URL> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    ends.push(() => socket.destroy());
    talk(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  return Buffer.concat((await request.toArray()) as Buffer[]).toString();
}

describe('a request', () => {
  it('arrives as it was given, and the answer comes back with its time', async () => {
    const { url } = await receiver((request, response) => {
      void bodyOf(request).then((body) =>
        response
          .writeHead(202, 'Taken', {
            'x-seen': `${request.method ?? ''} ${request.url ?? ''} ${String(request.headers['x-mine'])}`,
          })
          .end(`got ${body}`),
      );
    });
    const answer = await sender().post({
      url,
      headers: { 'content-type': 'application/json', 'x-mine': 'yes' },
      body: '{"é":1}',
    });
    expect(answer).toMatchObject({
      is: 'answered',
      status: 202,
      reason: 'Taken',
      headers: { 'x-seen': 'POST /hook?a=1 yes' },
      body: 'got {"é":1}',
      truncated: false,
    });
    expect(answer.ms).toBeGreaterThan(0);
  });

  it('uses a kept connection when one is free', async () => {
    const { url, connections } = await receiver((_, response) => void response.end('ok'));
    const post = sender();
    for (let round = 0; round < 20; round += 1) await post.post({ url, headers: {}, body: '{}' });
    // A connection is free a moment after its answer is read: the second request may find it busy.
    expect(connections()).toBeLessThanOrEqual(2);
  });

  it('waits for one of 32 connections to its host, and keeps no other host waiting', async () => {
    const waiting: ServerResponse[] = [];
    const slow = await receiver((_, response) => void waiting.push(response));
    const quick = await receiver((_, response) => void response.end());
    const post = sender();
    const all = Array.from({ length: 40 }, () => post.post({ url: slow.url, headers: {}, body: '{}' }));
    await expect.poll(() => waiting.length).toBe(32);
    expect(await post.post({ url: quick.url, headers: {}, body: '{}' })).toMatchObject({ is: 'answered' });
    expect(slow.connections()).toBe(32);
    while (waiting.length > 0) {
      waiting.pop()?.end();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await Promise.all(all)).every(({ is }) => is === 'answered')).toBe(true);
  });

  it.each<[string, Record<string, string>]>([
    ['a line end in a value', { 'x-mine': 'a\r\nx-injected: yes' }],
    ['a line feed in a value', { 'x-mine': 'a\nb' }],
    ['a zero in a value', { 'x-mine': 'a\0b' }],
    ['a character that no header carries', { 'x-mine': 'snow ☃' }],
    ['a line end in a name', { 'x-mine\r\nx-injected': 'yes' }],
    ['a blank in a name', { 'x mine': 'yes' }],
    ['an empty name', { '': 'yes' }],
    ['another host', { host: 'metadata.example' }],
    ['a length of its own', { 'content-length': '1' }],
    ['chunks', { 'Transfer-Encoding': 'chunked' }],
    ['a connection', { connection: 'upgrade' }],
    ['an expectation', { expect: '100-continue' }],
    ['credentials for a proxy', { 'proxy-authorization': 'Basic eDp5' }],
  ])('with %s among its headers is refused, without the value', async (_, headers) => {
    const { url, connections } = await receiver((__, response) => void response.end());
    const refused = await sender().post({ url, headers, body: '{}' });
    expect(refused).toMatchObject({
      is: 'refused',
      why: expect.stringMatching(/header|^the value of x-mine/) as string,
    });
    expect(JSON.stringify(refused)).not.toMatch(/metadata\.example|eDp5|snow/);
    expect(connections()).toBe(0);
  });
});

describe('an answer', () => {
  it('keeps the first 4 KiB of its body, never half a character', async () => {
    const { url, connections } = await receiver((_, response) => void response.end(`a${'é'.repeat(20_000)}`));
    const post = sender();
    for (let round = 0; round < 8; round += 1)
      expect(await post.post({ url, headers: {}, body: '{}' })).toMatchObject({
        is: 'answered',
        body: `a${'é'.repeat(2_047)}`,
        truncated: true,
      });
    // 40 KiB are cheaper to read than a connection is to make.
    expect(connections()).toBeLessThanOrEqual(2);
  });

  it('without end is cut off, and so is its connection', async () => {
    let sent = 0;
    const { url } = await receiver((_, response) => {
      const more = () => response.write('x'.repeat(16_384), () => ((sent += 16_384), response.destroyed || more()));
      more();
    });
    expect(await sender().post({ url, headers: {}, body: '{}' })).toMatchObject({
      is: 'answered',
      status: 200,
      body: 'x'.repeat(4_096),
      truncated: true,
    });
    const after = sent;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sent - after).toBeLessThan(4 * 1024 * 1024);
  });

  it('has its status also when the body breaks off or drips', async () => {
    const broken = await receiver((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => response.destroy(), 50);
    });
    const dripping = await receiver((_, response) => void response.writeHead(205).write('drop'));
    expect(await sender().post({ url: broken.url, headers: {}, body: '{}' })).toMatchObject({
      is: 'answered',
      status: 200,
      body: 'half',
      truncated: true,
    });
    expect(await sender({ totalMs: 300 }).post({ url: dripping.url, headers: {}, body: '{}' })).toMatchObject({
      is: 'answered',
      status: 205,
      body: 'drop',
      truncated: true,
    });
  });

  it('has each header in one line', async () => {
    const { url } = await receiver(
      (_, response) => void response.writeHead(429, { 'retry-after': '7', 'set-cookie': ['a=1', 'b=2'] }).end(),
    );
    expect(await sender().post({ url, headers: {}, body: '{}' })).toMatchObject({
      status: 429,
      headers: { 'retry-after': '7', 'set-cookie': 'a=1, b=2' },
    });
  });

  it.each<[string, (socket: Socket) => void]>([
    ['is no HTTP', (socket) => void socket.end('220 smtp.example ESMTP\r\n')],
    [
      'has more headers than fit into 16 KiB',
      (socket) =>
        void socket.write(
          `HTTP/1.1 200 OK\r\n${Array.from({ length: 300 }, (_, n) => `x-${n}: ${'v'.repeat(100)}\r\n`).join('')}\r\n`,
        ),
    ],
    ['ends before it starts', (socket) => void socket.once('data', () => socket.destroy())],
    [
      'switches protocols',
      (socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: smb\r\nconnection: upgrade\r\n\r\n'),
    ],
  ])('that %s is none, and the next request is not harmed', async (_, talk) => {
    const url = await rawReceiver(talk);
    const fine = await receiver((__, response) => void response.end());
    const post = sender({ totalMs: 2_000 });
    expect(await post.post({ url, headers: {}, body: '{}' })).toMatchObject({
      is: 'unreachable',
      why: expect.stringMatching(/./) as string,
    });
    expect(await post.post({ url: fine.url, headers: {}, body: '{}' })).toMatchObject({ is: 'answered' });
  });
});

describe('a receiver', () => {
  it('that says nothing, or only that it will soon, is waited for no longer than allowed', async () => {
    const silent = await rawReceiver(() => undefined);
    const soon = await rawReceiver(
      (socket) => void ends.push(clearing(setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 20))),
    );
    for (const url of [silent, soon]) {
      const outcome = await sender({ totalMs: 300 }).post({ url, headers: {}, body: '{}' });
      expect(outcome).toMatchObject({ is: 'timeout', why: 'no answer within 300 ms' });
      expect(outcome.ms).toBeLessThan(1_500);
    }
  });

  it('that nobody is, is unreachable, and so is a name without addresses', async () => {
    expect(await sender().post({ url: new URL('http://127.0.0.1:1024/'), headers: {}, body: '{}' })).toMatchObject({
      is: 'unreachable',
      why: expect.stringContaining('ECONNREFUSED') as string,
    });
    const none = await startNameServer(() => []);
    ends.push(() => none.stop());
    expect(
      await sender({ resolve: nameResolver([none.address]) }).post({
        url: new URL('http://none.example/'),
        headers: {},
        body: '{}',
      }),
    ).toMatchObject({ is: 'unreachable' });
    expect(
      await sender({ resolve: () => Promise.resolve([]) }).post({
        url: new URL('http://none.example/'),
        headers: {},
        body: '{}',
      }),
    ).toMatchObject({ is: 'unreachable', why: 'none.example has no address' });
  });

  it('whose name servers never answer is given up in time, while names and files of others are found', async () => {
    const silent = await startNameServer((name) => (name.startsWith('silent') ? undefined : ['127.0.0.1']));
    ends.push(() => silent.stop());
    const { port } = await receiver((_, response) => void response.end());
    const post = sender({ resolve: nameResolver([silent.address]), connectMs: 1_000 });
    const lost = Array.from({ length: 20 }, (_, n) =>
      post.post({ url: new URL(`http://silent${n}.example:${port}/`), headers: {}, body: '{}' }),
    );
    const found = await post.post({ url: new URL(`http://found.example:${port}/`), headers: {}, body: '{}' });
    expect(found).toMatchObject({ is: 'answered' });
    expect(found.ms).toBeLessThan(900);
    for (const outcome of await Promise.all(lost))
      expect(outcome).toMatchObject({ is: 'timeout', why: 'no connection in time' });
  });

  it('is reached by https only when its certificate is right for the name', async () => {
    const { port } = await receiver((_, response) => void response.end('safe'), certificateOfHookTest);
    const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    const trusting = sender({ resolve, ca: certificateOfHookTest.cert });
    expect(await trusting.post({ url: new URL(`https://hook.test:${port}/`), headers: {}, body: '{}' })).toMatchObject({
      is: 'answered',
      body: 'safe',
    });
    expect(await trusting.post({ url: new URL(`https://other.test:${port}/`), headers: {}, body: '{}' })).toMatchObject(
      { is: 'unreachable', why: expect.stringContaining('altnames') as string },
    );
    expect(
      await sender({ resolve }).post({ url: new URL(`https://hook.test:${port}/`), headers: {}, body: '{}' }),
    ).toMatchObject({ is: 'unreachable', why: expect.stringContaining('self-signed') as string });
  });
});

function clearing(timer: NodeJS.Timeout): () => void {
  return () => clearInterval(timer);
}
