import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FunctionsHost, startFunctionsHost } from '../../../emulators/functions-host/start.ts';
import { recordedLog } from './recorded-log.ts';

interface Echo {
  method: string;
  url: string;
  params: Record<string, string>;
  query: [string, string][];
  headers: Record<string, string>;
  body: string;
}

const recorded = recordedLog();
const megabyte = 1024 * 1024;
let host: FunctionsHost;
let seen: { aborted: number; received: number };

beforeAll(async () => {
  host = await startFunctionsHost({
    load: async () => {
      ({ seen } = await import('./apps/http-stream.ts'));
    },
    hostJson: { version: '2.0', extensions: { http: { routePrefix: '' } } },
    env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: String(8 * megabyte) },
    log: recorded.log,
  });
});
afterAll(() => host.stop());

const get = (path: string, init?: RequestInit) => fetch(`${host.url}${path}`, init);
const echo = async (path: string, init?: RequestInit) => (await (await get(`/echo${path}`, init)).json()) as Echo;

/** Sends a chunked body and answers status and text. */
async function sendChunked(path: string, chunks: number, size: number): Promise<{ status: number; text: string }> {
  const outgoing = request(`${host.url}${path}`, { method: 'PUT' });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  outgoing.on('error', () => undefined);
  for (let sent = 0; sent < chunks && !outgoing.destroyed; sent++) {
    if (!outgoing.write(Buffer.alloc(size))) await Promise.race([once(outgoing, 'drain'), answered]);
  }
  outgoing.end();
  const [response] = await answered;
  const text = (await response.setEncoding('utf8').toArray()).join('');
  return { status: response.statusCode ?? 0, text };
}

describe('routing', () => {
  it('lists the functions with their routes', () => {
    expect(host.functions).toContainEqual({
      name: 'item',
      type: 'httpTrigger',
      route: 'items/{id}/{part?}',
      methods: ['GET'],
    });
    expect(host.functions).toContainEqual({
      name: 'unrouted',
      type: 'httpTrigger',
      route: 'unrouted',
      methods: ['GET'],
    });
  });

  it('fills parameters, optional ones too', async () => {
    expect(await (await get('/items/7/lid')).json()).toEqual({ id: '7', part: 'lid' });
    expect(await (await get('/items/7')).json()).toEqual({ id: '7' });
    expect((await get('/items')).status).toBe(404);
  });

  it.each([
    ['/echo', undefined],
    ['/echo/', undefined],
    ['/echo/a/b:c@d', 'a/b:c@d'],
    // ASP.NET decodes all but the slash, and routes by what comes of it.
    ['/echo/a%2Fb', 'a%2Fb'],
    ['/echo/a%20b%zz', 'a b%zz'],
    ['/echo/a/', 'a/'],
  ])('gives the catch-all of %s the rest of the path', async (path, rest) => {
    expect(((await (await get(path)).json()) as Echo).params['path']).toBe(rest);
  });

  it('tries routes in the order of registration, not by how exact they are', async () => {
    expect(await (await get('/overlap/exact')).text()).toBe('first');
  });

  it('answers 404 to a wrong verb, and to HEAD where only GET is listed', async () => {
    expect((await get('/ping', { method: 'DELETE' })).status).toBe(404);
    expect((await get('/ping', { method: 'HEAD' })).status).toBe(404);
  });

  it('answers 204 on the home page, 404 elsewhere, and tells of the host itself to nobody who has no key', async () => {
    expect((await get('/')).status).toBe(204);
    expect((await get('/absent')).status).toBe(404);
    expect((await get('/admin/host/status')).status).toBe(401);
  });

  it('leaves what cannot be decoded as it is, and answers 400 to a zero byte', async () => {
    expect((await echo('/%E0%A4%A')).params['path']).toBe('%E0%A4%A');
    expect((await get('/echo/a%00b')).status).toBe(400);
  });

  it('finds no function for a path with an empty part', async () => {
    for (const path of ['/echo//', '/echo/a//b', '/echo//a']) expect((await get(path)).status).toBe(404);
  });
});

describe('a request', () => {
  it('arrives with method, URL, query, headers and body', async () => {
    const got = await echo('/x?scope=a&scope=b&code=k', {
      method: 'POST',
      body: 'hello',
      headers: { 'x-mine': '1', 'content-type': 'text/plain' },
    });
    expect(got).toMatchObject({ method: 'POST', url: `${host.url}/echo/x?scope=a&scope=b&code=k`, body: 'hello' });
    expect(got.query).toEqual([
      ['scope', 'a'],
      ['scope', 'b'],
      ['code', 'k'],
    ]);
    expect(got.headers).toMatchObject({ 'x-mine': '1', 'content-type': 'text/plain' });
  });

  it('has repeated query keys comma-joined among its parameters, and "code" not at all', async () => {
    expect((await echo('/x?scope=a&scope=b&code=k')).params).toEqual({ path: 'x', scope: 'a,b' });
  });

  it('has repeated header lines comma-joined', async () => {
    const outgoing = request(`${host.url}/echo/x`, { headers: { accept: ['text/a', 'text/b'] } }).end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const got = JSON.parse((await response.setEncoding('utf8').toArray()).join('')) as Echo;
    expect(got.headers['accept']).toBe('text/a,text/b');
  });

  it('with an invocation id that its client made up reaches no invocation, and is answered within 6 s', async () => {
    const began = performance.now();
    for (const [id, statuses] of [
      ['mine', [400]],
      [randomUUID(), [400, 500]],
    ] as const)
      expect(statuses).toContain((await get('/ping', { headers: { 'x-ms-invocation-id': id } })).status);
    expect(performance.now() - began).toBeLessThan(12_000);
  });
});

describe('the trigger metadata trap', () => {
  const send = (body: string) =>
    echo('/x', { method: 'PUT', body, headers: { 'x-forwarded-for': '203.0.113.9', 'content-type': 'text/plain' } });

  it('lets a JSON body replace every header that the function sees', async () => {
    const got = await send('{"Headers":{"x-forwarded-for":"10.0.0.1"}}');
    expect(got.headers).toEqual({ 'x-forwarded-for': '10.0.0.1' });
    expect(got.body).toBe('{"Headers":{"x-forwarded-for":"10.0.0.1"}}');
  });

  it('makes the headers vanish for "headers" in another case, for null and for a query of that name', async () => {
    expect((await send('{"headers":{"a":"b"}}')).headers).toEqual({});
    expect((await send('{"Headers":null}')).headers).toEqual({});
    expect((await echo('/x?Headers=gone')).headers).toEqual({});
  });

  it('adds scalar properties to the parameters, below those of the query and the route', async () => {
    const got = await echo('/x?a=query', { method: 'PUT', body: '{"a":"body","b":2,"c":true,"d":[1],"path":"body"}' });
    expect(got.params).toEqual({ a: 'query', b: '2', c: 'True', path: 'x' });
  });

  it('does not read a chunked body', async () => {
    const body = new Blob(['{"Headers":{"a":"b"}}']).stream();
    const got = await echo('/x', { method: 'PUT', body, duplex: 'half', headers: { 'x-mine': '1' } });
    expect(got.headers).toMatchObject({ 'x-mine': '1' });
  });
});

describe('a response', () => {
  it('keeps the Content-Length of HEAD', async () => {
    const response = await get('/head', { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('1234');
    expect(response.headers.get('docker-content-digest')).toBe('sha256:ab');
  });

  it('keeps a redirect as it is', async () => {
    const response = await get('/redirect', { redirect: 'manual' });
    expect(response.status).toBe(307);
    expect(response.headers.get('location')).toBe('http://elsewhere.test/blob?sig=a%2Bb');
  });

  it('carries cookies and the invocation id', async () => {
    const response = await get('/cookies');
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
    expect(response.headers.get('x-ms-invocation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('reaches the client chunk by chunk as it is produced', async () => {
    const started = performance.now();
    const response = await get('/ticks');
    const arrivals: number[] = [];
    for await (const _ of response.body ?? []) arrivals.push(performance.now() - started);
    expect(arrivals).toHaveLength(3);
    expect((arrivals[2] ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(200);
  });

  it('is cut when its source fails midway, so that half is never taken for all', async () => {
    const response = await get('/breaks');
    await expect(response.text()).rejects.toThrow('terminated');
  });
});

describe('a handler that fails', () => {
  it.each(['/throws', '/nothing'])('answers 500 at %s', async (path) => {
    expect((await get(path)).status).toBe(500);
  });

  it('answers 500 to an upload whose body it never read', async () => {
    expect(await sendChunked('/throws', 4, megabyte)).toEqual({ status: 500, text: '' });
    expect(recorded.messages()).toContain('out of luck');
  });

  it('leaves the connection usable for the next request', async () => {
    for (let round = 0; round < 20; round++) {
      expect((await get('/throws')).status).toBe(500);
      expect(await (await get('/ping')).text()).toBe('pong');
    }
  });
});

describe('an upload', () => {
  it('is streamed whole, chunked or with a declared length', async () => {
    expect(await sendChunked('/count', 7, megabyte)).toEqual({
      status: 200,
      text: JSON.stringify({ bytes: 7 * megabyte }),
    });
    const response = await get('/count', { method: 'PATCH', body: new Uint8Array(7 * megabyte) });
    expect(await response.json()).toEqual({ bytes: 7 * megabyte });
  });

  it('gets 500 past the body limit, declared or chunked', async () => {
    expect((await get('/count', { method: 'PATCH', body: new Uint8Array(8 * megabyte + 1) })).status).toBe(500);
    expect((await sendChunked('/count', 9, megabyte)).status).toBe(500);
    expect(recorded.messages()).toContain('Request body too large');
  });

  it('is refused where bodies under way would end the real host, and the others go on', async () => {
    const { port, hostname } = new URL(host.url);
    const begin = () => connect(Number(port), hostname).on('error', () => undefined);
    const head = `PATCH /count HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${7 * megabyte}\r\n\r\n`;
    const first = begin();
    first.write(head);
    first.write(Buffer.alloc(7 * megabyte - 1));
    await delay(1_000);
    const second = begin();
    second.write(head);
    second.write(Buffer.alloc(7 * megabyte));
    expect(String((await once(second, 'data'))[0])).toMatch(/^HTTP\/1.1 500/);
    expect(recorded.messages()).toContain('it ends here, with all its requests');
    first.write(Buffer.alloc(1));
    expect(String((await once(first, 'data'))[0])).toMatch(/^HTTP\/1.1 200/);
    first.destroy();
    second.destroy();
    expect((await get('/count', { method: 'PATCH', body: new Uint8Array(7 * megabyte) })).status).toBe(200);
  });

  it('gets the answer of a handler that does not read it', async () => {
    expect(await sendChunked('/refuse', 6, megabyte)).toEqual({ status: 413, text: 'too large' });
  });

  it('that is answered half read does not hold up the next request, and is warned of', async () => {
    for (let round = 0; round < 10; round++) expect((await sendChunked('/stops', 2, megabyte)).status).toBe(413);
    expect(await (await get('/ping')).text()).toBe('pong');
    expect(recorded.messages()).toContain('PUT /stops was answered with part of its body read.');
  });

  it('that the client breaks off ends the read of the handler', async () => {
    const before = seen.aborted;
    const { port, hostname } = new URL(host.url);
    const socket = connect(Number(port), hostname);
    socket.write('PUT /count HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n');
    await vi.waitFor(() => expect(seen.received).toBe(3));
    socket.destroy();
    await vi.waitFor(() => expect(seen.aborted).toBe(before + 1));
  });

  it('of a client that leaves at once leaves nothing running', async () => {
    const { port, hostname } = new URL(host.url);
    for (let round = 0; round < 20; round++) {
      const socket = connect(Number(port), hostname, () => {
        socket.write('PUT /count HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n', () => socket.destroy());
      });
      await once(socket, 'close');
    }
    await delay(200);
    expect(await (await get('/ping')).text()).toBe('pong');
  });
});
