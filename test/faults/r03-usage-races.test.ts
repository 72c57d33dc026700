import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import type { RepositoryKey } from '../../shared/core/documents/names.ts';
import type { Digest } from '../../shared/core/oci/digest.ts';
import { reconcileImage } from '../../shared/features/usage/reconcile-image.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';

const key = { registry: 'default', repository: 'team/app' } as unknown as RepositoryKey;

describe('two deliveries of one deletion at the same time', () => {
  it('are no fault, at whichever read the other has just uncounted the image', async () => {
    for (let at = 1; at <= 8; at += 1) {
      const world = createMemoryWorld();
      const [first, second] = [composeForTest({ world }), composeForTest({ world })];
      const image = makeImage(`raced ${at}`, 2);
      await pushImage(first.app, 'team/app', 'v1', image);
      const digest = image.digest as Digest;
      await reconcileImage(first.memory.documents, key, digest);
      await ask(first.app, 'DELETE', `/v2/team/app/manifests/${digest}`);
      second.memory.calls.resetCounts();
      let done = false;
      // Before this read the other one does all of its work.
      second.memory.calls.delay(async ({ n }) => {
        if (n !== at || done) return;
        done = true;
        await reconcileImage(first.memory.documents, key, digest);
      });
      await expect(reconcileImage(second.memory.documents, key, digest)).resolves.toBeUndefined();
      expect(
        await first.memory.documents.countDocuments({
          container: 'usage',
          partition: ['default', 'team/app'],
          where: [{ path: 'type', is: 'in', values: ['usage-image', 'usage-blob'] }],
        }),
      ).toBe(0);
    }
  });
});

describe('two images that share blobs, deleted at the same moment in two processes', () => {
  it('leave no counter and no bytes, at whichever call of the one the other is counted down', async () => {
    let met = 0;
    for (let at = 1; met === at - 1; at += 1) {
      const world = createMemoryWorld();
      const [first, second] = [composeForTest({ world }), composeForTest({ world })];
      // The same layer, and a config of each.
      const images = [makeImage('one', 1, {}, 'shared'), makeImage('two', 1, {}, 'shared')];
      for (const image of images) await pushImage(first.app, 'team/app', image.digest, image);
      const [one, two] = images.map(({ digest }) => digest as Digest) as [Digest, Digest];
      for (const digest of [one, two]) await reconcileImage(first.memory.documents, key, digest);
      for (const digest of [one, two]) await ask(first.app, 'DELETE', `/v2/team/app/manifests/${digest}`);
      second.memory.calls.resetCounts();
      const done: number[] = [];
      second.memory.calls.delay(async ({ n }) => {
        if (n !== at || done.length > 0) return;
        done.push(n);
        await reconcileImage(first.memory.documents, key, two);
      });
      await reconcileImage(second.memory.documents, key, one);
      met += done.length;
      if (done.length === 0) await reconcileImage(first.memory.documents, key, two);
      const where = [{ path: 'type', is: 'in', values: ['usage-image', 'usage-blob'] }] as const;
      expect(
        await first.memory.documents.countDocuments({ container: 'usage', partition: ['default', 'team/app'], where }),
        `at call ${at}`,
      ).toBe(0);
      const usage = await ask(first.app, 'GET', '/api/v1/usage?repository=team/app');
      expect(await usage.json()).toMatchObject({ images: 0, bytes: 0 });
    }
    expect(met).toBeGreaterThan(5);
  });

  it('of which one is pushed anew at that moment count it and its blobs', async () => {
    const world = createMemoryWorld();
    const [first, second] = [composeForTest({ world }), composeForTest({ world })];
    const images = [makeImage('one', 1, {}, 'shared'), makeImage('two', 1, {}, 'shared')];
    const [one, two] = images.map(({ digest }) => digest as Digest) as [Digest, Digest];
    await pushImage(first.app, 'team/app', one, images[0] as (typeof images)[number]);
    await reconcileImage(first.memory.documents, key, one);
    await ask(first.app, 'DELETE', `/v2/team/app/manifests/${one}`);
    let isDone = false;
    second.memory.calls.delay(async ({ name }) => {
      if (name !== 'documents.commit' || isDone) return;
      isDone = true;
      await pushImage(first.app, 'team/app', two, images[1] as (typeof images)[number]);
      await reconcileImage(first.memory.documents, key, two);
    });
    await reconcileImage(second.memory.documents, key, one);
    expect(isDone).toBe(true);
    const [, image] = images;
    const bytes = [image?.bytes, image?.config, ...(image?.layers ?? [])].reduce(
      (sum, each) => sum + (each?.length ?? 0),
      0,
    );
    expect(await (await ask(first.app, 'GET', '/api/v1/usage?repository=team/app')).json()).toMatchObject({
      images: 1,
      bytes,
    });
  });
});
