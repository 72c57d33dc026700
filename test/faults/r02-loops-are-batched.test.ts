import { describe, expect, it } from 'vitest';
import type { TestLongshore } from '../../shared/app/compose-for-test.ts';
import { planOf, policed, putPolicy } from '../shared/features/purge/policed.ts';
import { binOf, makeIndex, naming, post, push, timedLongshore } from '../shared/features/recycle-bin/binned.ts';
import { ask, makeImage, pushImage, putManifest } from '../shared/image.ts';
import { json } from './manifests.ts';
import { roundTrips } from './round-trips.ts';

const repository = 'team/app';
const image = makeImage('subject', 0);
const path = `/v2/${repository}/manifests/${image.digest}`;

function unsettled({ memory }: TestLongshore): Promise<number> {
  return memory.documents.countDocuments({
    container: 'repositories',
    partition: ['default', repository],
    where: [{ path: 'type', is: '=', value: 'unsettled' }],
  });
}

async function pushReferrers({ app }: TestLongshore, count: number): Promise<void> {
  await pushImage(app, repository, 'v1', image);
  for (let n = 0; n < count; n += 1) {
    const referrer = makeImage('subject', 0, { ...naming(image), annotations: { n: String(n) } });
    await putManifest(app, repository, referrer.digest, referrer);
  }
}

function manifestsOf({ memory }: TestLongshore): Promise<number> {
  return memory.documents.countDocuments({
    container: 'repositories',
    partition: ['default', repository],
    where: [{ path: 'type', is: '=', value: 'manifest' }],
  });
}

/** Counts the store calls of `work` and of all that goes on after its answer. */
async function callsUntilSettled(longshore: TestLongshore, work: () => Promise<unknown>): Promise<number> {
  const before = longshore.memory.calls.total();
  await work();
  const counted = { looks: 0 };
  await expect
    .poll(
      async () => {
        counted.looks += 1;
        return unsettled(longshore);
      },
      { timeout: 30_000 },
    )
    .toBe(0);
  return longshore.memory.calls.total() - before - counted.looks;
}

describe('a restore', () => {
  it('brings referrers back in batches, with at most two store calls for each', async () => {
    const longshore = timedLongshore();
    const count = 150;
    await pushReferrers(longshore, count);
    await callsUntilSettled(longshore, () => ask(longshore.app, 'DELETE', path));
    expect(await manifestsOf(longshore)).toBe(0);
    const calls = await callsUntilSettled(longshore, () =>
      post(longshore.app, '/api/v1/bin/restore', { repository, digest: image.digest }),
    );
    console.info(`a restore with ${count} referrers: ${calls} store calls`);
    expect(await manifestsOf(longshore)).toBe(count + 1);
    expect(calls / count).toBeLessThan(2);
  }, 60_000);

  it('of an index with many children brings these first, in batches', async () => {
    const longshore = timedLongshore();
    const children = Array.from({ length: 120 }, (_, n) => makeImage('subject', 0, { annotations: { n: String(n) } }));
    await pushImage(longshore.app, repository, 'one', children[0] ?? image);
    for (const child of children) await push(longshore.app, repository, child.digest, child);
    const index = makeIndex(children);
    await push(longshore.app, repository, 'index', index);
    await ask(longshore.app, 'DELETE', `/v2/${repository}/manifests/one`);
    await callsUntilSettled(longshore, () =>
      ask(longshore.app, 'DELETE', `/v2/${repository}/manifests/${index.digest}`),
    );
    expect(await manifestsOf(longshore)).toBe(0);
    const calls = await callsUntilSettled(longshore, () =>
      post(longshore.app, '/api/v1/bin/restore', { repository, digest: index.digest }),
    );
    console.info(`a restore of an index with ${children.length} children: ${calls} store calls`);
    expect(await manifestsOf(longshore)).toBe(children.length + 1);
    expect(calls / children.length).toBeLessThan(4);
  }, 60_000);

  it('of a whole deletion brings its images back in batches, and the tags of each', async () => {
    const longshore = timedLongshore();
    const count = 80;
    for (let n = 0; n < count; n += 1)
      await pushImage(longshore.app, repository, `v${n}`, makeImage('subject', 0, { annotations: { n: String(n) } }));
    const dropped = await roundTrips(longshore.memory.calls, () =>
      ask(longshore.app, 'DELETE', `/acr/v1/${repository}`),
    );
    console.info(`a deletion of ${count} tagged images: ${dropped.calls} store calls, ${dropped.inARow} in a row`);
    expect(dropped.inARow).toBeLessThan(35);
    const [{ group } = { group: '' }] = await binOf(longshore.app);
    const before = longshore.memory.calls.total();
    const answer = await post(longshore.app, '/api/v1/bin/restore', { repository, group });
    const calls = longshore.memory.calls.total() - before;
    console.info(`a restore of ${count} tagged images: ${calls} store calls`);
    expect((answer.body.manifests as unknown[]).length).toBe(count);
    expect((await json(longshore.app, 'GET', `/v2/${repository}/tags/list?n=1000`)).body.tags).toHaveLength(count);
    expect(await manifestsOf(longshore)).toBe(count);
    expect(calls / count).toBeLessThan(12);
  }, 60_000);
});

describe('deleting a manifest with many tags', () => {
  it('moves several batches of them side by side, and the manifest behind the last', async () => {
    const longshore = timedLongshore();
    await pushImage(longshore.app, repository, 'v0', image);
    for (let n = 1; n < 300; n += 1) await putManifest(longshore.app, repository, `v${n}`, image);
    const deleted = await roundTrips(longshore.memory.calls, () => ask(longshore.app, 'DELETE', path));
    console.info(`a deletion of 300 tags: ${deleted.calls} store calls, ${deleted.inARow} in a row`);
    expect((await json(longshore.app, 'GET', `/v2/${repository}/tags/list`)).body.tags ?? []).toEqual([]);
    expect((await ask(longshore.app, 'GET', path)).status).toBe(404);
    expect(deleted.inARow).toBeLessThan(40);
  }, 60_000);
});

describe('an event of an image with many referrers', () => {
  it('is handled with few calls in a row, and the next run judges what it left', async () => {
    const longshore = policed();
    const count = 150;
    await putPolicy(longshore.app, { remove: [{ name: 'old', olderThanDays: 30 }], brakePercent: 100 });
    await planOf(longshore.app);
    await pushReferrers(longshore, count);
    await longshore.deliver();
    longshore.passDays(40);
    await putManifest(longshore.app, repository, 'v2', image);
    const [last] = longshore.world.region().events.log.slice(-1);
    const { inARow, calls } = await roundTrips(longshore.memory.calls, () => longshore.events['purge-touched'](last));
    console.info(`marking what an image with ${count} referrers touches: ${calls} store calls, ${inARow} in a row`);
    expect(inARow).toBeLessThan(count);
    await ask(longshore.app, 'DELETE', `/v2/${repository}/manifests/v1`);
    await ask(longshore.app, 'DELETE', `/v2/${repository}/manifests/v2`);
    await longshore.deliver();
    longshore.passDays(40);
    const plan = await planOf(longshore.app);
    expect(plan.manifests).toBe(count + 1);
  }, 120_000);
});
