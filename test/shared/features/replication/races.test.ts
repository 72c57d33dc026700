import { describe, expect, it } from 'vitest';
import type { Call } from '../../../../shared/adapters/memory/calls.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import type { TestRegion } from '../../core/regions/composed.ts';
import { composeRegion, regionNames } from '../../core/regions/composed.ts';
import { ask, location, makeImage, pushBlob, pushImage } from '../../image.ts';
import { runDue } from '../../run-due.ts';
import type { Replicating } from './replicating.ts';
import { call, replicating, statesOf } from './replicating.ts';

const [blockBytes, leaseMs, minute] = [1_000, 60_000, 60_000];
const copies = { blockBytes, leaseMs };
const bytes = Buffer.alloc(8_000, 'one blob of eight blocks');
const digest = digestOf(bytes);

async function withReplicas(...names: (typeof regionNames)[number][]): Promise<Replicating> {
  const regions = replicating({ copies });
  return added(regions, names);
}

async function added(regions: Replicating, names: readonly (typeof regionNames)[number][]): Promise<Replicating> {
  for (const name of names) expect((await call(regions.region.east, 'PUT', `/replicas/${name}`, {})).status).toBe(200);
  await regions.minutes();
  return regions;
}

/** An image whose only blob is `bytes`. */
async function pushTo(region: TestRegion, repository = 'team/app'): Promise<void> {
  await pushBlob(region.app, repository, bytes);
  await pushImage(
    region.app,
    repository,
    'v1',
    makeImage('eight blocks', 0, { config: { mediaType: 'application/vnd.example', digest, size: bytes.length } }),
  );
}

/** The copies are planned, and nobody has been told to make them. */
async function planned(regions: Replicating, from: TestRegion): Promise<void> {
  for (const event of regions.world.region(from.name).events.log) await from.events['replication-plan'](event);
}

const copiesOf = ({ world }: Replicating) =>
  (
    world.documents.partition('blobs', [digest])?.records.get('blob')?.versions.at(-1)?.document as
      { copies: Record<string, { name: string }> } | undefined
  )?.copies ?? {};
const blobsIn = ({ world }: Replicating, region: string) => world.region(region).blobs.names();
const commitsTo = ({ name, input }: Call, what: string) =>
  name === 'documents.commit' && JSON.stringify(input).includes(what);

/** Follows `url` as a client does, and returns the bytes. */
function follow({ world }: Replicating, url: URL): Buffer | undefined {
  const stored = world.storeAt(url.host).get(decodeURIComponent(url.pathname.slice(1)));
  return stored === undefined ? undefined : Buffer.concat(stored.chunks);
}

async function urlAt(region: TestRegion, repository = 'team/app'): Promise<URL> {
  const answer = await ask(region.app, 'GET', `/v2/${repository}/blobs/${digest}`);
  expect(answer.status).toBe(307);
  return new URL(location(answer));
}

describe('a copy that two processes find due at once', () => {
  it('is made by one of them, and its source is asked once for each block', async () => {
    const regions = await withReplicas('north');
    const { east, north } = regions.region;
    await pushTo(east);
    await planned(regions, east);
    const other = composeRegion(regions.world, 'north', { copies });
    const both = [north, other];
    // Both have found it before either takes it.
    let waiting = 0;
    let open: () => void = () => undefined;
    const found = new Promise<void>((resolve) => (open = resolve));
    for (const { memory } of both) {
      memory.calls.resetCounts();
      memory.calls.delay((each) => {
        if (!commitsTo(each, '"begun":true')) return 0;
        waiting += 1;
        if (waiting === both.length) open();
        return found;
      });
    }
    await Promise.all(both.map((each) => each.messages['replication-copy']()));
    expect(waiting).toBe(2);
    expect(both.map(({ memory }) => memory.calls.count('blobs.stageFrom')).sort()).toEqual([0, 8]);
    expect(await statesOf(east, 'team/app', 'v1')).toMatchObject({ north: 'complete' });
    expect(blobsIn(regions, 'north')).toEqual([copiesOf(regions).north?.name]);
  });

  it('is made by no other while its blocks arrive, however much longer than its lease it takes', async () => {
    const small = { blockBytes: 500, leaseMs };
    const regions = await added(replicating({ copies: small }), ['north']);
    const { east, north } = regions.region;
    await pushTo(east);
    await planned(regions, east);
    const other = composeRegion(regions.world, 'north', { copies: small });
    let [blocks, asked] = [0, 0];
    north.memory.calls.delay(async ({ name }) => {
      if (name !== 'blobs.stageFrom') return;
      blocks += 1;
      regions.clock.advance(leaseMs / 6);
      // Four begin at once, before the first of them has come.
      if (blocks <= 4) return;
      asked += 1;
      await other.messages['replication-copy']();
    });
    const began = regions.clock.now().getTime();
    await north.messages['replication-copy']();
    expect(regions.clock.now().getTime() - began).toBeGreaterThan(2 * leaseMs);
    expect([blocks, asked]).toEqual([16, 12]);
    expect(other.memory.calls.count('blobs.stageFrom')).toBe(0);
    expect(await statesOf(east, 'team/app', 'v1')).toMatchObject({ north: 'complete' });
  });

  it('is continued when its process has died, a lease after its last report of a block', async () => {
    const regions = await withReplicas('north');
    const { east, north } = regions.region;
    await pushTo(east);
    await planned(regions, east);
    const other = composeRegion(regions.world, 'north', { copies });
    north.memory.calls.delay((each) => {
      if (each.name === 'blobs.stageFrom') regions.clock.advance(leaseMs / 3);
      if (each.name === 'blobs.commit') north.memory.calls.crashBefore(each.n);
      return 0;
    });
    await north.messages['replication-copy']().catch(() => undefined);
    await other.messages['replication-copy']();
    expect(other.memory.calls.count('blobs.commit')).toBe(0);
    regions.clock.advance(leaseMs + 1);
    await other.messages['replication-copy']();
    // The blocks that the other process has staged are not fetched again.
    expect([other.memory.calls.count('blobs.stageFrom'), other.memory.calls.count('blobs.commit')]).toEqual([0, 1]);
    expect(await statesOf(east, 'team/app', 'v1')).toMatchObject({ north: 'complete' });
  });
});

describe('a copy whose source answers and cannot be read', () => {
  it.each(['east', 'north'] as const)(
    'is made from the other region that holds the blob, the next time (%s cannot be read)',
    async (broken) => {
      const regions = await withReplicas('east', 'north');
      const { east, west } = regions.region;
      await pushTo(east);
      await regions.settle();
      expect(Object.keys(copiesOf(regions)).sort()).toEqual(['east', 'north']);
      regions.world.region(broken).blobs.delete(copiesOf(regions)[broken]?.name ?? '');
      expect((await call(east, 'PUT', '/replicas/west', {})).status).toBe(200);
      await regions.minutes(2);
      expect(await statesOf(west, 'team/app', 'v1')).toMatchObject({ west: 'complete' });
      expect(follow(regions, await urlAt(west))).toEqual(bytes);
    },
  );
});

describe('a copy that ends while an upload registers its own of the same digest in its region', () => {
  it('leaves the name to the upload, and its own bytes are deleted', async () => {
    const regions = await withReplicas('north');
    const { east, north } = regions.region;
    await pushTo(east);
    await planned(regions, east);
    const other = composeRegion(regions.world, 'north', { copies });
    let uploaded: string[] = [];
    north.memory.calls.delay(async (each) => {
      if (uploaded.length > 0 || !commitsTo(each, '"copies.north"')) return;
      const copied = blobsIn(regions, 'north');
      await pushBlob(other.app, 'team/other', bytes);
      uploaded = blobsIn(regions, 'north').filter((name) => !copied.includes(name));
    });
    await north.messages['replication-copy']();
    expect(uploaded).toHaveLength(1);
    expect(copiesOf(regions).north?.name).toBe(uploaded[0]);
    expect(blobsIn(regions, 'north')).toEqual(uploaded);
    expect(follow(regions, await urlAt(north, 'team/other'))).toEqual(bytes);
    await regions.minutes();
    expect(await statesOf(east, 'team/app', 'v1')).toMatchObject({ north: 'complete' });
  });
});

describe('a region that is emptied', () => {
  it('keeps its bytes for half an hour, and a URL that was given before leads to them', async () => {
    const regions = await withReplicas('east', 'north');
    const { east, north } = regions.region;
    await pushTo(east);
    await regions.settle();
    const url = await urlAt(north);
    expect(regions.world.region('north').blobs.host).toBe(url.host);
    expect((await call(east, 'DELETE', '/replicas/north')).status).toBe(202);
    // The collector runs as well, before and after the region is left.
    for (let minutes = 0; minutes < 29; minutes += 1) {
      await regions.minutes();
      for (const name of regionNames) await runDue(regions.region[name]);
      expect(follow(regions, url), `after ${minutes + 1} minutes`).toEqual(bytes);
    }
    expect(Object.keys(copiesOf(regions))).toEqual(['east']);
    regions.clock.advance(3 * minute);
    await runDue(north);
    expect(follow(regions, url)).toBeUndefined();
    expect(follow(regions, await urlAt(north))).toEqual(bytes);
  });

  it.each([
    ['east', 'north'],
    ['north', 'east'],
  ] as const)(
    'sees that another is being left at the same moment, and brings the blob elsewhere first: %s after %s',
    async (second, first) => {
      const regions = await withReplicas('east', 'north');
      await pushTo(regions.region.east);
      await regions.settle();
      for (const name of ['east', 'north'])
        expect((await call(regions.region.west, 'DELETE', `/replicas/${name}`)).status).toBe(202);
      let hasLeft = false;
      const { calls } = regions.region[second].memory;
      calls.delay(async (each) => {
        if (hasLeft || !commitsTo(each, '"do":"replace"') || !commitsTo(each, '"collected"')) return;
        hasLeft = true;
        await regions.region[first].timers['replication-sweep']();
        expect(Object.keys(copiesOf(regions))).toEqual([second]);
      });
      await regions.region[second].timers['replication-sweep']();
      expect(hasLeft).toBe(true);
      calls.clearFaults();
      // It is in one region at least, at every moment.
      expect(Object.keys(copiesOf(regions))).toEqual([second]);
      for (let turn = 0; turn < 3; turn += 1) {
        await regions.minutes(32);
        for (const name of regionNames) await runDue(regions.region[name]);
      }
      expect(Object.keys(copiesOf(regions))).toEqual(['west']);
      expect(follow(regions, await urlAt(regions.region.west))).toEqual(bytes);
      expect(['east', 'north'].map((name) => blobsIn(regions, name))).toEqual([[], []]);
    },
  );
});
