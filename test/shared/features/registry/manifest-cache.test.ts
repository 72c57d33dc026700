import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { Documents } from '../../../../shared/core/ports/documents.ts';
import { manifestFreshness } from '../../../../shared/features/registry/manifest-cache.ts';
import { ask, makeImage, pushImage } from '../../image.ts';

const repository = 'team/app';
const image = makeImage('cached');
const [byTag, byDigest] = [`/v2/${repository}/manifests/v1`, `/v2/${repository}/manifests/${image.digest}`];

/** Two instances over one world whose clock the test moves, and an image in it. */
async function twoInstances() {
  let now = Date.now();
  const world = createMemoryWorld({ clock: { now: () => new Date(now) } });
  const [first, second] = [composeForTest({ world }), composeForTest({ world })];
  await pushImage(first.app, repository, 'v1', image);
  first.memory.calls.resetCounts();
  return { first, second, passTime: (ms: number) => (now += ms) };
}

describe('a warm instance', () => {
  it('reads nothing for a pull by digest, and the tag alone for a pull by tag', async () => {
    const { first } = await twoInstances();
    const pulled = async (method: string, path: string) => {
      first.memory.calls.resetCounts();
      expect((await ask(first.app, method, path)).status).toBe(200);
      return first.memory.calls.list.length;
    };
    expect([
      await pulled('GET', byTag),
      await pulled('GET', byTag),
      await pulled('GET', byDigest),
      await pulled('HEAD', byDigest),
    ]).toEqual([2, 1, 0, 0]);
  });

  it('reads a manifest once for all who want it at the same time', async () => {
    const { first } = await twoInstances();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(first.app, 'GET', byDigest)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(first.memory.calls.list).toEqual(['documents.read']);
  });

  it('keeps a large manifest with its bytes', async () => {
    const { first } = await twoInstances();
    const large = makeImage('large', 1, { annotations: { filler: 'x'.repeat(300_000) } });
    await pushImage(first.app, repository, 'large', large);
    first.memory.calls.resetCounts();
    const path = `/v2/${repository}/manifests/${large.digest}`;
    first.memory.calls.resetCounts();
    expect((await ask(first.app, 'HEAD', path)).status).toBe(200);
    for (let n = 0; n < 2; n++)
      expect(Buffer.from(await (await ask(first.app, 'GET', path)).arrayBuffer()).equals(large.bytes)).toBe(true);
    expect(first.memory.calls.count('blobs.read')).toBe(1);
  });

  it('forgets at once what it deletes itself, and soon what another deletes', async () => {
    const { first, second, passTime } = await twoInstances();
    for (const { app } of [first, second]) expect((await ask(app, 'GET', byDigest)).status).toBe(200);
    expect((await ask(first.app, 'DELETE', byDigest)).status).toBe(202);
    expect((await ask(first.app, 'GET', byDigest)).status).toBe(404);
    // The tag is read each time, so by tag the other knows at once.
    expect((await ask(second.app, 'GET', byTag)).status).toBe(404);
    passTime(manifestFreshness);
    expect((await ask(second.app, 'GET', byDigest)).status).toBe(404);
  });

  it('keeps nothing that was read before a delete and answered after it', async () => {
    const world = createMemoryWorld();
    const { documents } = connectMemory(world);
    let answer: () => void = () => undefined;
    const late = new Promise<void>((resolve) => (answer = resolve));
    let reads = 0;
    const readDocument: Documents['readDocument'] = async (ref) => {
      const found = await documents.readDocument(ref);
      if (ref.id.startsWith('manifest:') && ++reads === 1) await late;
      return found;
    };
    await pushImage(composeForTest({ world }).app, repository, 'v1', image);
    const { app } = composeForTest({ world, adapters: { documents: { ...documents, readDocument } } });
    const slow = ask(app, 'GET', byDigest);
    expect((await ask(app, 'DELETE', byDigest)).status).toBe(202);
    answer();
    expect((await slow).status).toBe(200);
    expect((await ask(app, 'GET', byDigest)).status).toBe(404);
  });

  it('holds no more bytes than it is given', async () => {
    const { app, memory } = composeForTest({ settings: { manifestCacheBytes: 20_000 } });
    const images = Array.from({ length: 10 }, (_, n) => makeImage(`bounded ${n}`, 1));
    for (const [n, each] of images.entries()) await pushImage(app, repository, `v${n}`, each);
    for (const { digest } of images) await ask(app, 'GET', `/v2/${repository}/manifests/${digest}`);
    memory.calls.resetCounts();
    for (const { digest } of images) await ask(app, 'GET', `/v2/${repository}/manifests/${digest}`);
    expect(memory.calls.total()).toBeGreaterThan(4);
  });
});
