import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { steppedClock } from '../../../contracts/clock.ts';
import { ask, location, makeImage, pushBlob, pushImage, putManifest, withDigest } from '../../image.ts';
import type { TestRegion } from './composed.ts';
import { composeRegion } from './composed.ts';

const lagMs = 2_000;

function threeRegions(settings: Parameters<typeof composeRegion>[2] = {}) {
  const clock = steppedClock();
  const world = createMemoryWorld({ clock });
  const compose = (name: string) => composeRegion(world, name, { lagMs, ...settings });
  return { clock, world, east: compose('east'), north: compose('north'), west: compose('west') };
}

const pulled = async ({ app }: TestRegion, reference: string) =>
  (await ask(app, 'GET', `/v2/team/app/manifests/${reference}`)).headers.get('docker-content-digest');

/** In which region a pull of a blob ends. */
async function servedFrom({ app, world }: TestRegion, digest: string): Promise<string | undefined> {
  const answer = await ask(app, 'GET', `/v2/team/app/blobs/${digest}`);
  expect(answer.status).toBe(307);
  const name = decodeURIComponent(new URL(location(answer)).pathname);
  return ['east', 'north', 'west'].find((region) =>
    world
      .region(region)
      .blobs.names()
      .some((each) => name.endsWith(each)),
  );
}

describe('a pull in another region than the push', () => {
  it('is right at once, by tag, by digest and after a retag, however far behind the region is', async () => {
    const { east, north, clock } = threeRegions();
    for (let n = 0; n < 50; n += 1) {
      const image = makeImage(`v${n}`, 1);
      await pushImage(east.app, 'team/app', 'latest', image);
      expect(await pulled(north, 'latest')).toBe(image.digest);
      expect(await pulled(north, image.digest)).toBe(image.digest);
      expect(await servedFrom(north, digestOf(image.layers[0] ?? image.config))).toBe('east');
      clock.advance(n % 3 === 0 ? lagMs / 2 : 0);
    }
  });

  it('reads what never changes in its own region, once it is there', async () => {
    const { east, north, clock } = threeRegions();
    const image = makeImage('near', 1);
    await pushImage(east.app, 'team/app', 'v1', image);
    clock.advance(lagMs + 1);
    await pulled(north, image.digest);
    clock.advance(10_000);
    for (const plan of [north.near, north.memory.calls]) plan.resetCounts();
    await pulled(north, image.digest);
    await servedFrom(north, digestOf(image.layers[0] ?? image.config));
    // The write region is asked for the repository's entry; and beside the answer, whether a copy is planned that could
    // be hastened.
    expect([north.near.count('documents.read'), north.memory.calls.count('documents.read')]).toEqual([3, 2]);
  });

  it('streams from where the bytes are when blobs are proxied, and a suffix range too', async () => {
    const { east, west } = threeRegions({ blobs: 'proxy' });
    const bytes = Buffer.from('the bytes of a layer');
    const digest = await pushBlob(east.app, 'team/app', bytes);
    expect(await (await ask(west.app, 'GET', `/v2/team/app/blobs/${digest}`)).text()).toBe('the bytes of a layer');
    expect(
      await (await ask(west.app, 'GET', `/v2/team/app/blobs/${digest}`, { headers: { range: 'bytes=-5' } })).text(),
    ).toBe('layer');
  });

  it('finds a manifest that is too large for a document', async () => {
    const { east, west } = threeRegions();
    const image = makeImage('large', 0, { annotations: { filler: 'x'.repeat(200_000) } });
    await pushImage(east.app, 'team/app', 'v1', image);
    expect(digestOf(Buffer.from(await (await ask(west.app, 'GET', '/v2/team/app/manifests/v1')).arrayBuffer()))).toBe(
      image.digest,
    );
  });
});

describe('a push whose requests reach several regions', () => {
  it('is taken with layers in one, its config in another, and the manifest sent to a third', async () => {
    const { east, north, west } = threeRegions();
    const image = makeImage('spread', 2);
    for (const layer of image.layers) await pushBlob(east.app, 'team/app', layer);
    await pushBlob(west.app, 'team/app', image.config);
    expect((await putManifest(north.app, 'team/app', 'v1', image)).status).toBe(201);
    for (const region of [east, north, west]) {
      expect(await pulled(region, 'v1')).toBe(image.digest);
      expect(await servedFrom(region, digestOf(image.config))).toBe('west');
    }
  });

  it('goes on with an upload where its bytes are, whichever region a request reaches', async () => {
    const { east, north, west, world } = threeRegions();
    const bytes = Buffer.from('one upload through three regions');
    const started = await ask(east.app, 'POST', '/v2/team/app/blobs/uploads/');
    const first = await ask(north.app, 'PATCH', location(started), {
      body: bytes.subarray(0, 10),
      headers: { 'content-range': '0-9' },
    });
    expect(first.headers.get('range')).toBe('0-9');
    const second = await ask(west.app, 'PATCH', location(first), {
      body: bytes.subarray(10),
      headers: { 'content-range': `10-${bytes.length - 1}` },
    });
    const finished = await ask(north.app, 'PUT', withDigest(location(second), digestOf(bytes)));
    expect(finished.status).toBe(201);
    expect(['east', 'north', 'west'].map((region) => world.region(region).blobs.names().length)).toEqual([1, 0, 0]);
    expect(await servedFrom(west, digestOf(bytes))).toBe('east');
  });

  it('stores a digest once in a region, and adds a copy in another that is sent it too', async () => {
    const { east, west, world } = threeRegions();
    const bytes = Buffer.from('pushed twice');
    for (const region of [east, west, west, east]) await pushBlob(region.app, 'team/app', bytes);
    expect(['east', 'west'].map((region) => world.region(region).blobs.names().length)).toEqual([1, 1]);
    expect([await servedFrom(east, digestOf(bytes)), await servedFrom(west, digestOf(bytes))]).toEqual([
      'east',
      'west',
    ]);
  });

  it('moves a tag to one of two that push it at once, everywhere, and keeps the other by its digest', async () => {
    const { east, west, north, world } = threeRegions();
    for (let n = 0; n < 30; n += 1) {
      const [one, two] = [makeImage(`one ${n}`, 0), makeImage(`two ${n}`, 0)];
      for (const [{ app }, { config }] of [
        [east, one],
        [west, two],
      ] as const)
        await pushBlob(app, 'team/app', config);
      const pushed = await Promise.all([
        putManifest(east.app, 'team/app', 'latest', one),
        putManifest(west.app, 'team/app', 'latest', two),
      ]);
      expect(pushed.map(({ status }) => status)).toEqual([201, 201]);
      const tags = await Promise.all([east, west, north].map((region) => pulled(region, 'latest')));
      expect(new Set(tags).size).toBe(1);
      for (const { digest } of [one, two]) expect(await pulled(north, digest)).toBe(digest);
    }
    const told = [...world.region('east').events.log, ...world.region('west').events.log].filter(
      ({ type }) => type === 'Microsoft.ContainerRegistry.ImagePushed',
    );
    expect(told).toHaveLength(60);
  });
});

describe('a region whose storage is down', () => {
  it('sends pulls to a region that holds the bytes, and comes back by itself', async () => {
    const { east, west } = threeRegions();
    const bytes = Buffer.from('held twice');
    for (const region of [east, west]) await pushBlob(region.app, 'team/app', bytes);
    west.memory.calls.failOn((call) => call.name.startsWith('blobs.'));
    await expect.poll(() => servedFrom(west, digestOf(bytes)), { timeout: 5_000 }).toBe('east');
    west.memory.calls.clearFaults();
    await expect.poll(() => servedFrom(west, digestOf(bytes)), { timeout: 5_000 }).toBe('west');
  });

  it('takes uploads all the same: their bytes go to another region', async () => {
    const { west, world } = threeRegions();
    west.memory.calls.failOn((call) => call.name.startsWith('blobs.'));
    await pushBlob(west.app, 'team/app', Buffer.from('elsewhere'));
    expect(world.region('east').blobs.names()).toHaveLength(1);
  });

  it('falls over to another copy in the middle of opening one, where blobs are proxied', async () => {
    const { east, west } = threeRegions({ blobs: 'proxy' });
    const bytes = Buffer.from('held twice');
    for (const region of [east, west]) await pushBlob(region.app, 'team/app', bytes);
    west.memory.calls.failOn('blobs.read');
    expect(await (await ask(west.app, 'GET', `/v2/team/app/blobs/${digestOf(bytes)}`)).text()).toBe('held twice');
  });
});

describe('a write region that does not answer', () => {
  it('stops no pull: tags and lists are as this region has them; pushes are asked to come again', async () => {
    const { east, west, clock } = threeRegions();
    const image = makeImage('kept', 1);
    await pushImage(east.app, 'team/app', 'v1', image);
    clock.advance(lagMs + 1);
    west.memory.calls.failOn((call) => call.name.startsWith('documents.'));
    expect([await pulled(west, 'v1'), await pulled(west, image.digest)]).toEqual([image.digest, image.digest]);
    expect(await (await ask(west.app, 'GET', '/v2/team/app/tags/list')).json()).toEqual({
      name: 'team/app',
      tags: ['v1'],
    });
    const refused = await putManifest(west.app, 'team/app', 'v2', image);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    west.memory.calls.clearFaults();
    await expect
      .poll(async () => (await putManifest(west.app, 'team/app', 'v2', image)).status, { timeout: 5_000 })
      .toBe(201);
    await expect.poll(() => pulled(west, 'v2'), { timeout: 5_000 }).toBe(image.digest);
  });
});
