import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { App } from '../../../../shared/app/app.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { blockBytes } from '../../../../shared/features/registry/stage-body.ts';
import { ask, location, withDigest } from '../../image.ts';

const bytes = Buffer.from('twenty bytes of layer');
const uploads = '/v2/team/app/blobs/uploads/';

/** Two instances over one world: what one was told, the other must know. */
function twoInstances() {
  const world = createMemoryWorld();
  return { world, first: composeForTest({ world }), second: composeForTest({ world }) };
}

const chunk = (from: number, to: number) => ({
  body: bytes.subarray(from, to),
  headers: { 'content-range': `${from}-${to - 1}` },
});

describe('an upload that goes from instance to instance', () => {
  it('is whole, whoever takes its chunks, and its bytes are hashed once', async () => {
    const { first, second } = twoInstances();
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const started = await ask(first.app, 'POST', `${uploads}?digest-algorithm=${algorithm}`);
      const half = await ask(second.app, 'PATCH', location(started), chunk(0, 10));
      const whole = await ask(first.app, 'PATCH', location(half), chunk(10, bytes.length));
      expect((await ask(second.app, 'PUT', withDigest(location(whole), digestOf(bytes, algorithm)))).status).toBe(201);
    }
    expect([first, second].map(({ memory }) => memory.calls.count('blobs.read'))).toEqual([0, 0]);
  });

  it('is cancelled for all, and leaves no bytes', async () => {
    const { world, first, second } = twoInstances();
    const url = location(
      await ask(first.app, 'PATCH', location(await ask(first.app, 'POST', uploads)), { body: bytes }),
    );
    expect((await ask(first.app, 'DELETE', url)).status).toBe(204);
    expect((await ask(second.app, 'GET', url)).status).toBe(404);
    expect((await ask(second.app, 'PUT', withDigest(url, digestOf(bytes)))).status).toBe(404);
    expect((await ask(second.app, 'DELETE', url)).status).toBe(404);
    const { blobs } = world.region();
    expect(blobs.names().map((name) => [blobs.get(name)?.size, blobs.staged(name).size])).toEqual([[0, 0]]);
  });

  it('takes a chunk once, whichever instance it is sent to again', async () => {
    const { first, second } = twoInstances();
    const url = location(await ask(first.app, 'POST', uploads));
    expect((await ask(first.app, 'PATCH', url, chunk(0, 10))).status).toBe(202);
    const again = await ask(second.app, 'PATCH', url, chunk(0, 10));
    expect([again.status, again.headers.get('range')]).toEqual([416, '0-9']);
  });
});

describe('a body', () => {
  it('that is longer than it was announced is let go of at once', async () => {
    const { app, world } = composeForTest();
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(Buffer.alloc(65_536));
      },
    });
    const url = location(await ask(app, 'POST', uploads));
    const refused = await app.fetch(
      new Request(`http://registry.test${url}`, {
        method: 'PATCH',
        body: endless,
        headers: { 'content-length': '100000' },
        duplex: 'half',
      }),
    );
    expect(refused.status).toBe(400);
    expect(sent).toBeLessThan(1_000_000);
    expect(world.region().blobs.names()).toEqual([]);
  });

  it('that broke off may be sent again to the same URL', async () => {
    const { app } = composeForTest();
    const url = location(await ask(app, 'POST', uploads));
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes.subarray(0, 5)),
      pull: (controller) => controller.error(new Error('gone')),
    });
    const interrupted = await app.fetch(
      new Request(`http://registry.test${url}`, {
        method: 'PATCH',
        body: broken,
        headers: { 'content-range': '0-9' },
        duplex: 'half',
      }),
    );
    expect(interrupted.status).toBe(400);
    expect((await ask(app, 'PATCH', url, chunk(0, 10))).status).toBe(202);
  });
});

describe('an upload that goes on after a broken request', () => {
  const large = Buffer.alloc(2 * blockBytes, 'layer');

  /** One block came before the client went away; the rest came after it had asked where to go on. */
  async function resumed(app: App, rest: Uint8Array = large.subarray(blockBytes)): Promise<string> {
    const url = location(await ask(app, 'POST', uploads));
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(large.subarray(0, blockBytes + 1)),
      pull: (controller) => controller.error(new Error('gone')),
    });
    await app.fetch(
      new Request(`http://registry.test${withDigest(url, digestOf(large))}`, {
        method: 'PUT',
        body: broken,
        headers: { 'content-length': String(large.length) },
        duplex: 'half',
      }),
    );
    return location(await ask(app, 'PATCH', location(await ask(app, 'GET', url)), { body: rest }));
  }

  it('is read back once, however often its end is sent', async () => {
    const { first, second } = twoInstances();
    const url = withDigest(await resumed(first.app), digestOf(large));
    for (const { app } of [first, second, first]) expect((await ask(app, 'PUT', url)).status).toBe(201);
    expect([first, second].map(({ memory }) => memory.calls.count('blobs.read'))).toEqual([1, 0]);
  });

  it('has its blob to itself when it ends twice at once', async () => {
    const { world, first, second } = twoInstances();
    const url = withDigest(await resumed(first.app), digestOf(large));
    const ends = await Promise.all([first, second].map(({ app }) => ask(app, 'PUT', url)));
    expect(ends.map(({ status }) => status)).toEqual([201, 201]);
    expect(world.region().blobs.names()).toHaveLength(1);
  });

  it('gets nothing for a digest that its bytes do not have, though the blob is there', async () => {
    const { app } = composeForTest();
    expect((await ask(app, 'PUT', withDigest(await resumed(app), digestOf(large)))).status).toBe(201);
    expect(
      (await ask(app, 'PUT', withDigest(await resumed(app, Buffer.from('other bytes')), digestOf(large)))).status,
    ).toBe(400);
  });
});

describe('a blob that is known', () => {
  it('costs two reads and one link, and is not stored again', async () => {
    const { app, memory, world } = composeForTest();
    await ask(app, 'POST', `${uploads}?digest=${digestOf(bytes)}`, { body: bytes });
    memory.calls.resetCounts();
    expect(
      (await ask(app, 'POST', `/v2/team/other/blobs/uploads/?digest=${digestOf(bytes)}`, { body: bytes })).status,
    ).toBe(201);
    expect(memory.calls.list).toEqual(['blobs.stage', 'documents.read', 'documents.read', 'documents.commit']);
    expect(world.region().blobs.names()).toHaveLength(1);
  });
});
