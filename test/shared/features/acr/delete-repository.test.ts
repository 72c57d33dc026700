import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { sweepAge } from '../../../../shared/core/events/outbox.ts';
import { reconcileAge } from '../../../../shared/features/acr/reconcile-repositories.ts';
import { entryFreshness } from '../../../../shared/features/registry/entries.ts';
import { callsToFail } from '../../../deep.ts';
import { ask, makeImage, pushBlob, pushImage, putManifest } from '../../image.ts';
import { askJson, publishedTypes, refusal } from './asking.ts';

/** A world with a clock that the test moves. */
function movableWorld() {
  let now = Date.now();
  return { world: createMemoryWorld({ clock: { now: () => new Date(now) } }), passTime: (ms: number) => (now += ms) };
}

const imagesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => makeImage(`image ${index}`, 1, {}, 'one layer'));

async function fill(
  app: Parameters<typeof ask>[0],
  images: ReturnType<typeof imagesOf>,
  tagsEach: number,
): Promise<string[]> {
  const tags: string[] = [];
  for (const [index, image] of images.entries()) {
    for (const blob of [image.config, ...image.layers]) await pushBlob(app, 'a/b', blob);
    await putManifest(app, 'a/b', image.digest, image);
    for (let tag = 0; tag < tagsEach; tag++) {
      await putManifest(app, 'a/b', `t${index}-${tag}`, image);
      tags.push(`t${index}-${tag}`);
    }
  }
  return tags;
}

describe('deleting a repository', () => {
  it('answers with all that it held, tells of each, and leaves nothing', async () => {
    const longshore = composeForTest();
    const { app, memory } = longshore;
    const images = imagesOf(70);
    const tags = await fill(app, images, 2);
    const referrer = makeImage('referrer', 0, {
      subject: { mediaType: images[0]?.mediaType, digest: images[0]?.digest, size: images[0]?.bytes.length },
    });
    await pushImage(app, 'a/b', referrer.digest, referrer);
    const told = publishedTypes(longshore).length;
    memory.calls.resetCounts();
    const { status, body } = await askJson(app, 'DELETE', '/acr/v1/a/b');
    expect(status).toBe(202);
    expect(body.tagsDeleted.toSorted()).toEqual(tags.toSorted());
    expect(body.manifestsDeleted.toSorted()).toEqual(
      [...images.map(({ digest }) => digest), referrer.digest].toSorted(),
    );
    const types = Map.groupBy(publishedTypes(longshore).slice(told), (type) => type);
    expect(Object.fromEntries([...types].map(([type, all]) => [type, all.length]))).toEqual({
      'Longshore.TagDeleted': 140,
      'Microsoft.ContainerRegistry.ImageDeleted': 71,
      'Longshore.Recycled': 9,
      'Longshore.RepositoryDeleted': 1,
    });
    // Five batches of tags and four of manifests (each is written into the bin, too), the event of the end: each with
    // its mark in the outbox; and the entry.
    expect(memory.calls.count('documents.commit')).toBe(2 * (5 + 4 + 1) + 1);
    expect(await refusal(app, 'GET', '/acr/v1/a/b')).toEqual([404, 'NAME_UNKNOWN']);
    expect(await refusal(app, 'GET', '/v2/a/b/tags/list')).toEqual([404, 'NAME_UNKNOWN']);
    expect(await refusal(app, 'DELETE', '/acr/v1/a/b')).toEqual([404, 'NAME_UNKNOWN']);
    expect((await askJson(app, 'GET', '/v2/_catalog')).body.repositories).toEqual([]);
  });

  it('removes one that is empty already', async () => {
    const { app } = composeForTest();
    const image = makeImage('only', 1);
    await pushImage(app, 'a/b', 'v1', image);
    await ask(app, 'DELETE', `/v2/a/b/manifests/${image.digest}`);
    expect((await askJson(app, 'GET', '/v2/_catalog')).body.repositories).toEqual(['a/b']);
    expect((await askJson(app, 'DELETE', '/acr/v1/a/b')).body).toEqual({ manifestsDeleted: [], tagsDeleted: [] });
    expect((await askJson(app, 'GET', '/v2/_catalog')).body.repositories).toEqual([]);
  });

  it('forgets the old attributes and tells of a new repository when it is pushed to again', async () => {
    const longshore = composeForTest();
    const { app } = longshore;
    await pushImage(app, 'a/b', 'v1', makeImage('one', 1));
    await askJson(app, 'PATCH', '/acr/v1/a/b', { listEnabled: false });
    await askJson(app, 'DELETE', '/acr/v1/a/b');
    await pushImage(app, 'a/b', 'v1', makeImage('two', 1));
    expect((await askJson(app, 'GET', '/acr/v1/a/b')).body).toMatchObject({
      manifestCount: 1,
      tagCount: 1,
      changeableAttributes: { listEnabled: true },
    });
    const lives = longshore.world.region().events.log.filter(({ type }) => type.startsWith('Longshore.Repository'));
    expect(lives.map(({ type }) => type)).toEqual([
      'Longshore.RepositoryCreated',
      'Longshore.RepositoryDeleted',
      'Longshore.RepositoryCreated',
    ]);
    expect(new Set(lives.map(({ id }) => id)).size).toBe(3);
  });
});

describe('deleting a repository when the process dies', () => {
  async function startDelete(plan: (calls: CallPlan) => void) {
    const { world, passTime } = movableWorld();
    const tags = await fill(composeForTest({ world }).app, imagesOf(2), 1);
    const calls = new CallPlan();
    plan(calls);
    const { status } = await askJson(composeForTest({ world, connection: { calls } }).app, 'DELETE', '/acr/v1/a/b');
    return { world, passTime, tags, status, calls };
  }

  it('at any store call goes on when it is asked again, and each deletion is told of once', async () => {
    const calm = await startDelete(() => undefined);
    expect(calm.status).toBe(202);
    for (const n of callsToFail(1, calm.calls.total())) {
      for (const moment of ['before', 'after'] as const) {
        const state = await startDelete((calls) => (moment === 'before' ? calls.crashBefore(n) : calls.crashAfter(n)));
        const next = composeForTest({ world: state.world });
        const again = await askJson(next.app, 'DELETE', '/acr/v1/a/b');
        expect([202, 404], `crash ${moment} ${n}`).toContain(again.status);
        state.passTime(sweepAge + 1);
        await next.timers['events-sweep']();
        expect((await askJson(next.app, 'GET', '/v2/_catalog')).body.repositories).toEqual([]);
        const ids = (type: string) =>
          new Set(
            state.world
              .region()
              .events.log.filter((event) => event.type === type)
              .map(({ id }) => id),
          ).size;
        expect(
          [
            ids('Longshore.TagDeleted'),
            ids('Microsoft.ContainerRegistry.ImageDeleted'),
            ids('Longshore.RepositoryDeleted'),
          ],
          `crash ${moment} ${n}`,
        ).toEqual([2, 2, 1]);
      }
    }
  });
});

describe('a repository that is pushed to while it is deleted', () => {
  it('is back in the catalog once the entries are settled', async () => {
    const { world, passTime } = movableWorld();
    const [one, two] = [composeForTest({ world }), composeForTest({ world })];
    await pushImage(one.app, 'a/b', 'v1', makeImage('one', 1));
    await pushImage(two.app, 'a/b', 'v2', makeImage('two', 1));
    await askJson(one.app, 'DELETE', '/acr/v1/a/b');
    // The second instance still knows the live entry, and writes no other.
    await pushImage(two.app, 'a/b', 'v3', makeImage('three', 1));
    expect((await askJson(one.app, 'GET', '/v2/_catalog')).body.repositories).toEqual([]);
    await one.timers['acr-reconcile']();
    passTime(entryFreshness + 1);
    expect((await askJson(one.app, 'GET', '/v2/_catalog')).body.repositories).toEqual(['a/b']);
    expect((await askJson(one.app, 'GET', '/acr/v1/a/b')).body).toMatchObject({ manifestCount: 1, tagCount: 1 });
  });

  it('holds no tag without its manifest, and is in the catalog when it holds any, whatever call the push comes before', async () => {
    const [first, second] = [makeImage('one', 1), makeImage('two', 1)];
    for (let n = 1; n <= 14; n++) {
      const { world } = movableWorld();
      const other = composeForTest({ world });
      await pushImage(other.app, 'a/b', 'v1', first);
      await pushImage(other.app, 'a/b', second.digest, second);
      const calls = new CallPlan();
      let left = n;
      calls.delay(async () => {
        left -= 1;
        if (left === 0) expect((await putManifest(other.app, 'a/b', 'v2', second)).status).toBe(201);
      });
      const deleting = composeForTest({ world, connection: { calls } });
      expect((await askJson(deleting.app, 'DELETE', '/acr/v1/a/b')).status).toBe(202);
      await other.timers['acr-reconcile']();
      const { tags } = (await askJson(other.app, 'GET', '/acr/v1/a/b/_tags')).body as { tags?: { name: string }[] };
      for (const { name } of tags ?? [])
        expect((await ask(other.app, 'HEAD', `/v2/a/b/manifests/${name}`)).status, `before call ${n}`).toBe(200);
      const held = (await ask(other.app, 'HEAD', `/v2/a/b/manifests/${second.digest}`)).status === 200;
      expect((await askJson(other.app, 'GET', '/v2/_catalog')).body.repositories, `before call ${n}`).toEqual(
        held ? ['a/b'] : [],
      );
    }
  });

  it('is new when the push comes after, on any instance that is not fresh any more', async () => {
    const { world, passTime } = movableWorld();
    const [one, two] = [composeForTest({ world }), composeForTest({ world })];
    await pushImage(two.app, 'a/b', 'v1', makeImage('one', 1));
    await askJson(one.app, 'DELETE', '/acr/v1/a/b');
    passTime(entryFreshness + 1);
    await pushImage(two.app, 'a/b', 'v3', makeImage('three', 1));
    expect((await askJson(one.app, 'GET', '/v2/_catalog')).body.repositories).toEqual(['a/b']);
  });

  it('goes for good when it stayed empty', async () => {
    const { world, passTime } = movableWorld();
    const longshore = composeForTest({ world });
    const { app, memory } = longshore;
    await pushImage(app, 'a/b', 'v1', makeImage('one', 1));
    await askJson(app, 'DELETE', '/acr/v1/a/b');
    const entry = () =>
      memory.documents.readDocument({ container: 'registries', partition: ['default'], id: 'repository:a:b' });
    await longshore.timers['acr-reconcile']();
    expect(await entry()).toBeDefined();
    passTime(reconcileAge);
    await longshore.timers['acr-reconcile']();
    expect(await entry()).toBeUndefined();
  });
});
