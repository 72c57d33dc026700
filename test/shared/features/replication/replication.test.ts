import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { ask, makeImage, pushBlob, pushImage, putManifest } from '../../image.ts';
import { makeIndex } from '../recycle-bin/binned.ts';
import { call, statesOf } from './replicating.ts';
import { blobsIn, withReplicas } from './with-replicas.ts';

describe('a pushed image', () => {
  it('is copied to each replica by its storage, and its completion there is published once', async () => {
    const regions = await withReplicas();
    const { east, north } = regions.region;
    const image = makeImage('copied', 2);
    await pushImage(east.app, 'team/app', 'v1', image);
    expect(await statesOf(east, 'team/app', 'v1')).toEqual({ east: 'complete', north: 'queued', west: 'queued' });
    await regions.settle();
    expect(await statesOf(north, 'team/app', image.digest)).toEqual({
      east: 'complete',
      north: 'complete',
      west: 'complete',
    });
    expect(['east', 'north', 'west'].map((name) => blobsIn(regions, name))).toEqual([3, 3, 3]);
    await regions.minutes(3);
    const told = regions
      .events('Longshore.ReplicationCompleted')
      .map(({ data }) => (data as { target: { region: string; digest: string; bytes: number } }).target);
    expect(told.map(({ region }) => region).sort()).toEqual(['east', 'north', 'west']);
    expect(new Set(told.map(({ digest }) => digest))).toEqual(new Set([image.digest]));
    expect(regions.events('Microsoft.ContainerRegistry.ImagePushed')).toHaveLength(1);
    // Nothing of it went through a process.
    expect([north.memory.calls.count('blobs.stage'), north.memory.calls.count('blobs.stageFrom')]).toEqual([0, 3]);
  });

  it('moves nothing when a tag moves to it, or another repository mounts its blobs', async () => {
    const regions = await withReplicas();
    const { east, north } = regions.region;
    const image = makeImage('moved', 1);
    await pushImage(east.app, 'team/app', 'v1', image);
    await regions.settle();
    const staged = north.memory.calls.count('blobs.stageFrom');
    await putManifest(east.app, 'team/app', 'latest', image);
    for (const blob of [image.config, ...image.layers])
      await ask(east.app, 'POST', `/v2/team/other/blobs/uploads/?mount=${digestOf(blob)}&from=team/app`);
    await putManifest(east.app, 'team/other', 'v1', image);
    await regions.settle();
    expect(north.memory.calls.count('blobs.stageFrom')).toBe(staged);
    expect(await statesOf(north, 'team/other', 'v1')).toMatchObject({ north: 'complete' });
  });

  it('is copied with all that it lists when it is an index, and with a manifest that is too large for a document', async () => {
    const regions = await withReplicas();
    const { east, west } = regions.region;
    const children = [makeImage('amd64', 1), makeImage('arm64', 1, { annotations: { filler: 'x'.repeat(200_000) } })];
    for (const child of children) await pushImage(east.app, 'team/app', child.digest, child);
    const index = makeIndex(children);
    expect((await putManifest(east.app, 'team/app', 'multi', index)).status).toBe(201);
    await regions.settle();
    expect(await statesOf(west, 'team/app', 'multi')).toMatchObject({ west: 'complete', north: 'complete' });
    east.memory.calls.failOn((each) => each.name.startsWith('blobs.'));
    west.storage.get('east')?.failOn((each) => each.name.startsWith('blobs.'));
    expect((await ask(west.app, 'GET', `/v2/team/app/manifests/${children[1]?.digest ?? ''}`)).status).toBe(200);
  });

  it('is copied in the order of priority: the newest push first, small before large, and pulled blobs before all others', async () => {
    const regions = await withReplicas();
    const { east, north } = regions.region;
    const push = async (seed: string, layers: number[]) => {
      const image = makeImage(seed, 0, {
        layers: layers.map((size) => ({
          mediaType: 'application/vnd.oci.image.layer.v1.tar',
          digest: digestOf(Buffer.alloc(size, seed)),
          size,
        })),
      });
      for (const size of layers) await pushBlob(east.app, 'team/app', Buffer.alloc(size, seed));
      await pushImage(east.app, 'team/app', seed, image);
      regions.clock.advance(1_000);
    };
    await push('old', [3_000, 4_000]);
    await push('new', [2_000, 1_000]);
    for (const event of regions.world.region('east').events.log) await east.events['replication-plan'](event);
    expect((await ask(north.app, 'GET', `/v2/team/app/blobs/${digestOf(Buffer.alloc(4_000, 'old'))}`)).status).toBe(
      307,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    const sizes: number[] = [];
    north.memory.calls.delay(({ name, input }) => {
      if (name === 'blobs.stageFrom') sizes.push((input as { length: number }).length);
      return 0;
    });
    await north.messages['replication-copy']();
    // Some are made at once, begun in their order.
    expect(new Set(sizes.slice(0, 4))).toEqual(new Set([4_000, 1_000, 2_000, sizes.find((size) => size < 200)]));
    expect(sizes.at(-1)).toBe(3_000);
  });
});

describe('a copy', () => {
  it('continues after a crash where it was: no block is fetched twice, and no call is made that is not needed', async () => {
    const regions = await withReplicas({ copies: { blockBytes: 1_000, leaseMs: 60_000 } });
    const { east, north } = regions.region;
    const bytes = Buffer.alloc(20_500, 'layer');
    const image = makeImage('large', 0, {
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(bytes), size: bytes.length }],
    });
    await pushBlob(east.app, 'team/app', bytes);
    await pushImage(east.app, 'team/app', 'v1', image);
    for (const event of regions.world.region('east').events.log) await east.events['replication-plan'](event);
    const staged: string[] = [];
    const watch = (calls: typeof north.memory.calls) =>
      calls.delay(({ name, input }) => {
        if (name === 'blobs.stageFrom' && (input as { name: string; length: number }).length >= 500)
          staged.push((input as { blockId: string }).blockId);
        return 0;
      });
    watch(north.memory.calls);
    for (let crash = 1; crash <= 5; crash += 1) {
      // The storage refuses everything after some more blocks, as if the process were gone.
      let left = 4;
      north.memory.calls.failOn((each) => each.name === 'blobs.stageFrom' && (left -= 1) < 0);
      await north.messages['replication-copy']();
      north.memory.calls.clearFaults();
      watch(north.memory.calls);
      regions.clock.advance(11 * 60_000);
    }
    await north.timers['replication-sweep']();
    expect(await statesOf(north, 'team/app', 'v1')).toMatchObject({ north: 'complete' });
    const fetched = Map.groupBy(staged, (id) => id);
    expect(fetched.size).toBe(21);
    expect(regions.world.region('north').blobs.names()).toHaveLength(2);
  });

  it('takes ceil(size / block) calls of the storage, and one', async () => {
    const regions = await withReplicas({ copies: { blockBytes: 1_000, leaseMs: 60_000 } });
    const { east, north } = regions.region;
    const bytes = Buffer.alloc(20_500, 'layer');
    await pushBlob(east.app, 'team/app', bytes);
    await pushImage(
      east.app,
      'team/app',
      'v1',
      makeImage('large', 0, {
        config: { mediaType: 'application/vnd.example', digest: digestOf(bytes), size: bytes.length },
      }),
    );
    for (const event of regions.world.region('east').events.log) await east.events['replication-plan'](event);
    north.memory.calls.resetCounts();
    await north.messages['replication-copy']();
    const calls = Map.groupBy(
      north.memory.calls.list.filter((name) => name.startsWith('blobs.') && name !== 'blobs.probe'),
      (name) => name,
    );
    expect(Object.fromEntries([...calls].map(([name, made]) => [name, made.length]))).toEqual({
      'blobs.stageFrom': 21,
      'blobs.commit': 1,
    });
  });

  it('is read whole where the replica asks for it, and made again when it has another digest', async () => {
    const regions = await withReplicas({}, { verify: 'hash' });
    const { east, north } = regions.region;
    const image = makeImage('hashed', 0);
    await pushImage(east.app, 'team/app', 'v1', image);
    const { blobs } = regions.world.region('east');
    const [name = ''] = blobs.names();
    const right = blobs.get(name);
    blobs.put(name, [Buffer.alloc(right?.size ?? 0, 'wrong')], right?.metadata ?? {});
    await regions.settle();
    expect(await statesOf(north, 'team/app', 'v1')).toMatchObject({ north: 'failing' });
    blobs.put(name, right?.chunks ?? [], right?.metadata ?? {});
    await regions.minutes(2);
    expect(await statesOf(north, 'team/app', 'v1')).toMatchObject({ north: 'complete' });
  });

  it('says why it fails, is tried again later and later, and is published as failing after five times', async () => {
    const regions = await withReplicas();
    const { east, north, west } = regions.region;
    await pushImage(east.app, 'team/app', 'v1', makeImage('failing', 0));
    for (const each of [north, west]) each.storage.get('east')?.failOn('blobs.sign');
    await regions.settle();
    expect((await call(north, 'GET', '/replication/status?repository=team/app&tag=v1')).body).toMatchObject({
      regions: [
        {},
        {
          region: 'north',
          state: 'failing',
          error: expect.stringContaining('blobs') as string,
          nextTry: expect.any(String) as string,
        },
        {},
      ],
    });
    await regions.minutes(10);
    expect(regions.events('Longshore.ReplicationFailing').map(({ data }) => data)).toMatchObject([
      { attempts: 5, target: { repositories: ['team/app'] } },
      { attempts: 5 },
    ]);
    for (const each of [north, west]) each.storage.get('east')?.clearFaults();
    await regions.minutes(15);
    expect(await statesOf(north, 'team/app', 'v1')).toEqual({ east: 'complete', north: 'complete', west: 'complete' });
  });

  it('that is late does not restore a blob that was collected meanwhile', async () => {
    const regions = await withReplicas();
    const { east, north } = regions.region;
    const digest = await pushBlob(east.app, 'team/app', Buffer.from('soon gone'));
    await pushImage(
      east.app,
      'team/app',
      'v1',
      makeImage('gone', 0, { config: { mediaType: 'application/vnd.example', digest, size: 9 } }),
    );
    for (const event of regions.world.region('east').events.log) await east.events['replication-plan'](event);
    let collected = false;
    north.memory.calls.delay(({ name }) => {
      if (name === 'blobs.commit' && !collected) {
        collected = true;
        regions.world.documents.partition('blobs', [digest])?.records.delete('blob');
      }
      return 0;
    });
    await north.messages['replication-copy']();
    expect(collected).toBe(true);
    expect(regions.world.documents.partition('blobs', [digest])?.records.has('copy:north')).toBe(false);
    expect(regions.world.region('north').blobs.names()).toHaveLength(0);
  });

  it('stays below the bandwidth that the replica has', async () => {
    const regions = await withReplicas({ copies: { blockBytes: 1_024, leaseMs: 60_000 } }, { bytesPerSecond: 20_480 });
    const { east, north } = regions.region;
    const bytes = Buffer.alloc(10_240, 'slow');
    await pushBlob(east.app, 'team/app', bytes);
    await pushImage(
      east.app,
      'team/app',
      'v1',
      makeImage('slow', 0, {
        config: { mediaType: 'application/vnd.example', digest: digestOf(bytes), size: bytes.length },
      }),
    );
    for (const event of regions.world.region('east').events.log) await east.events['replication-plan'](event);
    const began = performance.now();
    await north.messages['replication-copy']();
    expect(performance.now() - began).toBeGreaterThan(440);
    expect(await statesOf(north, 'team/app', 'v1')).toMatchObject({ north: 'complete' });
  });
});
