import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FunctionsHost, startFunctionsHost } from '../../../emulators/functions-host/start.ts';
import { recordedLog } from './recorded-log.ts';

interface Echo {
  url: string;
  params: Record<string, string>;
  query: [string, string][];
  headers: Record<string, string>;
  body: string;
}

const recorded = recordedLog();
let host: FunctionsHost;
beforeAll(async () => {
  host = await startFunctionsHost({
    load: async () => {
      await import('./apps/http-buffered.ts');
    },
    hostJson: { version: '2.0' },
    env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1000' },
    log: recorded.log,
  });
});
afterAll(() => host.stop());
const get = (path: string, init?: RequestInit) => fetch(`${host.url}/api${path}`, init);

describe('an app that has not switched HTTP streams on', () => {
  it('gets its requests whole, below the default prefix "api"', async () => {
    const response = await get('/echo/a/b?x=1&x=2', { method: 'PUT', body: 'hello', headers: { 'x-yours': 'no' } });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-mine')).toBe('yes');
    const echo = (await response.json()) as Echo;
    expect(echo).toMatchObject({
      url: `${host.url}/api/echo/a/b?x=1&x=2`,
      params: { path: 'a/b' },
      query: [['x', '1,2']],
      body: 'hello',
    });
    expect(echo.headers).toMatchObject({ 'x-yours': 'no' });
  });

  it('has its cookies written out', async () => {
    expect((await get('/echo')).headers.getSetCookie()).toEqual([
      'a=1%202; Path=/; Max-Age=60; HttpOnly; SameSite=Strict',
      'b=2; Expires=Tue, 01 Jan 2030 00:00:00 GMT; Secure',
    ]);
  });

  it('gets a chunked body as an empty one, the trap that streams are there for', async () => {
    const response = await get('/echo', { method: 'PUT', body: new Blob(['hello']).stream(), duplex: 'half' });
    expect(((await response.json()) as Echo).body).toBe('');
  });

  it('may answer with bytes, with nothing, or not at all', async () => {
    expect(new Uint8Array(await (await get('/bytes')).arrayBuffer())).toEqual(new Uint8Array([0, 255, 10]));
    expect((await get('/nothing')).status).toBe(204);
    expect((await get('/throws')).status).toBe(500);
    expect(recorded.messages()).toContain('out of luck');
  });

  it('never sees a body past the limit', async () => {
    expect((await get('/echo', { method: 'PUT', body: 'x'.repeat(1001) })).status).toBe(500);
  });
});
