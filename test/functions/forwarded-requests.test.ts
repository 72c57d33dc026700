import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchForwardedRequests, wireHeaders } from '../../functions/forwarded-requests.ts';

/** Stands where the library's own server stands: it answers with what is known of the invocation's headers. */
const server = createServer((request, response) => {
  response.end(JSON.stringify(wireHeaders(String(request.headers['x-ms-invocation-id'])) ?? null));
});
let url: string;

beforeAll(async () => {
  watchForwardedRequests();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('a request that the Functions host forwards', () => {
  it('has its own headers, whatever the trigger metadata says', async () => {
    const answer = await fetch(url, { headers: { 'x-ms-invocation-id': 'one', 'X-Custom': 'as it came' } });
    expect(await answer.json()).toEqual(expect.arrayContaining([['X-Custom', 'as it came']]));
  });

  it('is forgotten when it has been answered', async () => {
    await (await fetch(url, { headers: { 'x-ms-invocation-id': 'two' } })).arrayBuffer();
    await expect.poll(() => wireHeaders('two')).toBeUndefined();
  });

  it('may take longer than the five minutes of Node\'s default', async () => {
    server.requestTimeout = 300_000;
    await (await fetch(url, { headers: { 'x-ms-invocation-id': 'three' } })).arrayBuffer();
    expect(server.requestTimeout).toBe(0);
  });

  it('is not mixed up with a request that nobody forwarded', async () => {
    expect(await (await fetch(url)).json()).toBeNull();
  });
});
