import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { startNodeHost } from '../../../../host/node-host.ts';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { fetchSigned } from '../../../../shared/adapters/memory/signedurls.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import type { Blobs } from '../../../../shared/core/ports/blobs.ts';
import { ask, location, pushBlob } from '../../image.ts';

const bytes = Buffer.from('the bytes of a layer, some more than a few');
const path = `/v2/team/app/blobs/${digestOf(bytes)}`;

async function withBlob(options: Parameters<typeof composeForTest>[0] = {}) {
  const longshore = composeForTest(options);
  await pushBlob(longshore.app, 'team/app', bytes);
  // The repository's own entry is read once in a while, not by each pull.
  await ask(longshore.app, 'HEAD', path);
  longshore.memory.calls.resetCounts();
  return longshore;
}

/** Tells how much was asked of a stream, and whether it was let go of. */
function watched(
  stream: ReadableStream<Uint8Array> | undefined,
  seen: { read: number; left: boolean },
): ReadableStream<Uint8Array> | undefined {
  const reader = stream?.getReader();
  if (reader === undefined) return undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value } = await reader.read();
        seen.read += value?.length ?? 0;
        if (value === undefined) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        seen.left = true;
      },
    },
    { highWaterMark: 0 },
  );
}

describe('a pull of a blob', () => {
  it('is one read and a redirect to its bytes, of which none pass through', async () => {
    const { app, memory, world } = await withBlob();
    const redirect = await ask(app, 'GET', path);
    expect([redirect.status, redirect.headers.get('content-length'), redirect.headers.get('accept-ranges')]).toEqual([
      307,
      '0',
      'bytes',
    ]);
    expect(memory.calls.list).toEqual(['documents.read', 'blobs.sign']);
    expect(Buffer.from(fetchSigned(world.region().blobs, location(redirect), new Date()) ?? []).equals(bytes)).toBe(
      true,
    );
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
    for (const headers of [
      { range: 'bytes=0-1,3-4' },
      { range: 'lines=0-1' },
      { range: 'bytes=x-' },
      { range: 'bytes=0-1', 'if-range': '"other"' },
    ]) {
      const whole = await ask(app, 'GET', path, { headers });
      expect([whole.status, Buffer.from(await whole.arrayBuffer()).equals(bytes)]).toEqual([200, true]);
    }
    const part = await ask(app, 'GET', path, { headers: { range: 'bytes=0-1', 'if-range': `"${digestOf(bytes)}"` } });
    expect([part.status, await part.text()]).toEqual([206, 'th']);
  });

  it('goes no faster than the client reads, and ends when the client leaves', async () => {
    const { app, world, memory } = composeForTest();
    const large = Buffer.alloc(64 * 1024 * 1024);
    const digest = await pushBlob(app, 'team/app', large);
    const seen = { read: 0, left: false };
    const readBlob: Blobs['readBlob'] = async (name, range) => watched(await memory.blobs.readBlob(name, range), seen);
    const slow = composeForTest({
      world,
      settings: { blobs: 'proxy' },
      adapters: { blobs: { ...memory.blobs, readBlob } },
    });
    const host = await startNodeHost(slow.app, { host: '127.0.0.1', port: 0 });
    const client = connect(Number(new URL(host.url).port), '127.0.0.1');
    try {
      client.write(`GET /v2/team/app/blobs/${digest} HTTP/1.1\r\nHost: registry.test\r\n\r\n`);
      await once(client, 'readable');
      // The server reads ahead what the sockets of both sides hold, and no more however long the client waits.
      await vi.waitUntil(async () => {
        const before = seen.read;
        await setTimeout(200);
        return seen.read === before;
      });
      expect(seen.read).toBeLessThan(large.length / 4);
      client.destroy();
      await vi.waitUntil(() => seen.left);
    } finally {
      client.destroy();
      await host.stop(100);
    }
  });

  it('says that the blob is unknown when its bytes are gone', async () => {
    const { app, world } = await withBlob({ settings: { blobs: 'proxy' } });
    const { blobs } = world.region();
    for (const name of blobs.names()) blobs.delete(name);
    expect((await ask(app, 'GET', path)).status).toBe(404);
  });

  it('breaks the connection when the store breaks off, so that no client takes a part for the whole', async () => {
    const { app } = await withBlob({
      settings: { blobs: 'proxy' },
      connection: { calls: new CallPlan().cutOn('blobs.read', 10) },
    });
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
