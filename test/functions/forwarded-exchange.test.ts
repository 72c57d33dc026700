import { once } from 'node:events';
import { connect } from 'node:net';
import { app } from '@azure/functions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FunctionsHost } from '../../emulators/functions-host/start.ts';
import { startFunctionsHost } from '../../emulators/functions-host/start.ts';
import { readSmallBody } from '../../shared/core/http/request.ts';

const mebibyte = 1024 ** 2;
let host: FunctionsHost;

/** Tells what it was asked; `/ask/unread` answers without reading the body. */
async function told(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === '/ask/unread') return new Response('no', { status: 413 });
  const body =
    request.method === 'GET' || request.method === 'HEAD'
      ? ''
      : Buffer.from(await readSmallBody(request, 'a body', 2 * mebibyte)).toString();
  return Response.json({ url: request.url, method: request.method, headers: [...request.headers], bytes: body.length });
}

beforeAll(async () => {
  host = await startFunctionsHost({
    load: async () => {
      await import('../../functions/setup.ts');
      const { allMethods, httpHandlerOf } = await import('../../functions/http-handler.ts');
      app.http('ask', { route: 'ask/{*path}', methods: allMethods, handler: httpHandlerOf(() => ({ fetch: told })) });
      await import('../../functions/guarded.ts');
    },
    hostJson: { version: '2.0', extensions: { http: { routePrefix: '' } } },
    log: () => undefined,
  });
});
afterAll(() => host.stop());

interface Told {
  readonly url: string;
  readonly method: string;
  readonly headers: [string, string][];
  readonly bytes: number;
}

const asked = async (path: string, init?: RequestInit) =>
  (await (await fetch(`${host.url}${path}`, init)).json()) as Told;

describe('a request that the Functions host forwards', () => {
  it('is answered by the app itself: its own URL, method, headers and body', async () => {
    const { url, method, headers, bytes } = await asked('/ask/a%20b?scope=x&scope=y', {
      method: 'PUT',
      body: 'hello',
      headers: { 'X-Custom': 'as it came' },
    });
    expect([url, method, bytes]).toEqual([`${host.url}/ask/a%20b?scope=x&scope=y`, 'PUT', 5]);
    expect(headers).toContainEqual(['x-custom', 'as it came']);
  });

  it('has its own headers whatever its JSON body says, and no host but the one that its client asked for', async () => {
    const { url, headers } = await asked('/ask/x?Headers=gone', {
      method: 'PUT',
      body: '{"Headers":{"authorization":"forged"},"headers":null}',
      headers: { authorization: 'mine', 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https' },
    });
    expect(headers).toContainEqual(['authorization', 'mine']);
    expect(url).toBe(`${host.url}/ask/x?Headers=gone`);
  });

  it('comes by any method, carries its invocation in the answer, and HEAD has no body', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
      expect((await asked('/ask/x', { method })).method).toBe(method);
    const head = await fetch(`${host.url}/ask/x`, { method: 'HEAD' });
    expect([head.status, await head.text(), head.headers.get('x-ms-invocation-id')]).toEqual([
      200,
      '',
      expect.stringMatching(/^[0-9a-f-]{36}$/),
    ]);
  });

  it('may be answered before its body is read, chunked or with a length, and the connection serves the next one', async () => {
    for (let at = 0; at < 5; at++) {
      expect(
        (await fetch(`${host.url}/ask/unread`, { method: 'PUT', body: new Uint8Array(3 * mebibyte) })).status,
      ).toBe(413);
      expect(
        (
          await fetch(`${host.url}/ask/unread`, {
            method: 'PUT',
            body: new Blob([new Uint8Array(3 * mebibyte)]).stream(),
            duplex: 'half',
          })
        ).status,
      ).toBe(413);
      expect((await asked('/ask/x')).method).toBe('GET');
    }
  });

  it('is let go when its client leaves in the middle of the body, hundreds of times', async () => {
    const { port } = new URL(host.url);
    for (let at = 0; at < 100; at++) {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write('PUT /ask/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', () =>
          setTimeout(() => socket.destroy(), at % 5),
        ),
      );
      await once(
        socket.on('error', () => undefined),
        'close',
      );
    }
    expect((await asked('/ask/x', { method: 'POST', body: 'still here' })).bytes).toBe(10);
  });
});
