import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../shared/adapters/memory/calls.ts';
import { fetchSigned } from '../../../shared/adapters/memory/signedurls.ts';
import { composeForTest } from '../../../shared/compose-for-test.ts';
import { startNodeHost } from '../../../shared/http/node-host.ts';
import { digestOf } from '../../../shared/oci/digest.ts';
import { ask, location, pushBlob } from '../image.ts';

const bytes = Buffer.from('the bytes of a layer, some more than a few');
const path = `/v2/team/app/blobs/${digestOf(bytes)}`;

async function withBlob(options: Parameters<typeof composeForTest>[0] = {}) {
  const longshore = composeForTest(options);
  await pushBlob(longshore.app, 'team/app', bytes);
  // Once in a while an instance reads the repository's entry too; here it has just done so.
  await ask(longshore.app, 'HEAD', path);
  longshore.memory.calls.resetCounts();
  return longshore;
}

describe('a pull of a blob', () => {
  it('is one read and a redirect to its bytes, of which none pass through', async () => {
    const { app, memory, world } = await withBlob();
    const redirect = await ask(app, 'GET', path);
    expect([redirect.status, redirect.headers.get('content-length'), redirect.headers.get('accept-ranges')]).toEqual([307, '0', 'bytes']);
    expect(memory.calls.list).toEqual(['documents.read', 'blobs.sign']);
    expect(Buffer.from(fetchSigned(world.region().blobs, location(redirect), new Date()) ?? []).equals(bytes)).toBe(true);
  });

  it('is redirected with a range from the start, which the client repeats there', async () => {
    const { app, memory } = await withBlob();
    expect((await ask(app, 'GET', path, { headers: { range: 'bytes=4-9' } })).status).toBe(307);
    expect(memory.calls.count('blobs.read')).toBe(0);
  });

  it('is answered here with a range from the end, which Blob Storage does not know', async () => {
    const { app, memory } = await withBlob();
    const part = await ask(app, 'GET', path, { headers: { range: 'bytes=-7' } });
    expect([part.status, await part.text()]).toEqual([206, bytes.subarray(-7).toString()]);
    expect(memory.calls.list).toEqual(['documents.read', 'blobs.read']);
  });

  it('is one read where the client has the bytes, or asks for their size alone', async () => {
    const { app, memory } = await withBlob();
    expect((await ask(app, 'GET', path, { headers: { 'if-none-match': '*' } })).status).toBe(304);
    expect((await ask(app, 'HEAD', path, { headers: { range: 'bytes=0-1' } })).status).toBe(200);
    expect(memory.calls.list).toEqual(['documents.read', 'documents.read']);
  });

  it('is answered with 503 when the store does not answer, never with 404', async () => {
    const { app } = await withBlob({ connection: { calls: new CallPlan() } });
    const down = composeForTest({ connection: { calls: new CallPlan().failOn('documents.read') } });
    expect((await ask(down.app, 'GET', path)).status).toBe(503);
    expect((await ask(app, 'GET', path)).status).toBe(307);
  });
});

describe('a pull of a blob through this process', () => {
  it('ignores what is not one range, and a range of other content', async () => {
    const { app } = await withBlob({ settings: { blobs: 'proxy' } });
    for (const headers of [{ range: 'bytes=0-1,3-4' }, { range: 'lines=0-1' }, { range: 'bytes=x-' }, { range: 'bytes=0-1', 'if-range': '"other"' }]) {
      const whole = await ask(app, 'GET', path, { headers });
      expect([whole.status, Buffer.from(await whole.arrayBuffer()).equals(bytes)]).toEqual([200, true]);
    }
    const part = await ask(app, 'GET', path, { headers: { range: 'bytes=0-1', 'if-range': `"${digestOf(bytes)}"` } });
    expect([part.status, await part.text()]).toEqual([206, 'th']);
  });

  it('says that the blob is unknown when its bytes are gone', async () => {
    const { app, world } = await withBlob({ settings: { blobs: 'proxy' } });
    const { blobs } = world.region();
    for (const name of blobs.names()) blobs.delete(name);
    expect((await ask(app, 'GET', path)).status).toBe(404);
  });

  it('breaks the connection when the store breaks off, so that no client takes a part for the whole', async () => {
    const { app } = await withBlob({ settings: { blobs: 'proxy' }, connection: { calls: new CallPlan().cutOn('blobs.read', 10) } });
    const host = await startNodeHost(app, { host: '127.0.0.1', port: 0 });
    try {
      const answer = await fetch(`${host.url}${path}`);
      await expect(answer.arrayBuffer()).rejects.toThrow();
      expect((await fetch(`${host.url}/v2/`)).status).toBe(200);
    } finally {
      await host.stop(100);
    }
  });
});
