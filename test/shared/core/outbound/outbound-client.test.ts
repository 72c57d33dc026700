import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { guardedGet } from '../../../../shared/core/outbound/guarded-get.ts';
import { guardedPost } from '../../../../shared/core/outbound/guarded-post.ts';
import type { OutboundClientOptions } from '../../../../shared/core/outbound/outbound-client.ts';
import { outboundClient } from '../../../../shared/core/outbound/outbound-client.ts';
import { loopbackNetworks, reachOf } from '../../../../shared/core/outbound/public-address.ts';
import { OutboundRefused } from '../../../../shared/core/ports/outbound.ts';
import { certificateOfHookTest } from '../http/certificate.ts';
import { startReceiver } from '../http/receiver.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function client(options: Partial<OutboundClientOptions> = {}) {
  const made = outboundClient({ reach: reachOf(loopbackNetworks), ...options });
  ends.push(() => made.close());
  return made;
}

describe('the callers of one client', () => {
  it('keep to their own deadlines while others hold all connections to a host', async () => {
    const waiting: ServerResponse[] = [];
    const slow = await startReceiver((_, response) => void waiting.push(response));
    ends.push(() => slow.stop());
    const shared = client();
    const url = new URL(`http://127.0.0.1:${slow.port}/`);
    const post = guardedPost(shared, { totalMs: 60_000 });
    const posts = Array.from({ length: 32 }, () => post.post({ dependency: 'receiver', url, headers: {}, body: '' }));
    await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(32);
    const brief = guardedPost(shared, { totalMs: 200 });
    expect(await brief.post({ dependency: 'runner', url, headers: {}, body: '' })).toMatchObject({
      is: 'timeout',
      why: 'no answer within 200 ms',
    });
    expect(waiting).toHaveLength(32);
    for (const response of waiting) response.end();
    expect((await Promise.all(posts)).every(({ is }) => is === 'answered')).toBe(true);
  });

  it('answer while posts hold all connections that posts may have to a host', async () => {
    const waiting: ServerResponse[] = [];
    const slow = await startReceiver((request, response) => {
      if (request.method === 'POST') waiting.push(response);
      else response.end('{"keys":[]}');
    }, certificateOfHookTest);
    ends.push(() => slow.stop());
    const shared = client({
      ca: certificateOfHookTest.cert,
      resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    const url = new URL(`https://hook.test:${slow.port}/`);
    const post = guardedPost(shared, { totalMs: 60_000 });
    const posts = Array.from({ length: 40 }, () => post.post({ dependency: 'receiver', url, headers: {}, body: '' }));
    await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(32);
    expect(await guardedGet(shared).getJson(url, 'issuer')).toEqual({ keys: [] });
    const answering = setInterval(() => {
      for (const response of waiting.splice(0)) response.end();
    }, 5);
    ends.push(() => clearInterval(answering));
    expect((await Promise.all(posts)).every(({ is }) => is === 'answered')).toBe(true);
  });

  it('post to usual ports alone, and read from any that an operator or an issuer names', async () => {
    const asked: string[] = [];
    const shared = client({
      resolve: (name) => {
        asked.push(name);
        return Promise.resolve([]);
      },
    });
    const url = new URL('https://registry.test:444/v2/');
    expect(await guardedPost(shared).post({ dependency: 'receiver', url, headers: {}, body: '' })).toMatchObject({
      is: 'refused',
      why: expect.stringContaining('must not have port 444') as string,
    });
    expect(asked).toEqual([]);
    await expect(guardedGet(shared).getJson(url, 'issuer')).rejects.toThrow('has no address');
    expect(asked).toEqual(['registry.test']);
  });

  it('use no connection by plain http that was made under another rule', async () => {
    const server = await startReceiver((_, response) => void response.end('{}'));
    ends.push(() => server.stop());
    // The address stands for a public one: it is allowed, and not opened.
    const reach = { allows: () => true, isOpened: () => false };
    const shared = client({ reach, resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) });
    for (const host of ['public.test', '127.0.0.1']) {
      const url = new URL(`http://${host}:${server.port}/`);
      expect(await guardedPost(shared).post({ dependency: 'receiver', url, headers: {}, body: '' })).toMatchObject({
        is: 'answered',
      });
      await expect(guardedGet(shared).getJson(url, 'issuer')).rejects.toThrow(OutboundRefused);
    }
    expect(server.connections()).toBe(2);
  });

  it('send no header that would belong to the connection, or break a line', async () => {
    const server = await startReceiver((_, response) => void response.end('{}'));
    ends.push(() => server.stop());
    const url = new URL(`http://127.0.0.1:${server.port}/`);
    // As the answer of a token service could have it.
    for (const headers of [
      { Authorization: 'Bearer x\r\nhost: other' },
      { Host: 'other' },
      { 'Transfer-Encoding': 'x' },
    ])
      await expect(guardedGet(client()).ask(url, { dependency: 'upstream', method: 'GET', headers })).rejects.toThrow(
        OutboundRefused,
      );
    expect(server.connections()).toBe(0);
  });
});
