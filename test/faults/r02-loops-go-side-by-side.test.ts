import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import type { Digest } from '../../shared/core/oci/digest.ts';
import type { RegistryName, RepositoryName } from '../../shared/core/oci/name.ts';
import { ownBase } from '../../shared/features/builds/bases/names.ts';
import { aboutImage } from '../../shared/features/replication/within.ts';
import { planOf, policed, putPolicy } from '../shared/features/purge/policed.ts';
import { makeIndex, naming, post, push, timedLongshore } from '../shared/features/recycle-bin/binned.ts';
import { usageOf } from '../shared/features/usage/counting.ts';
import { ask, makeImage, pushBlob, pushImage, putManifest } from '../shared/image.ts';
import { json } from './manifests.ts';
import { roundTrips } from './round-trips.ts';

const repository = 'team/app';
const key = { registry: 'default' as RegistryName, repository: repository as RepositoryName };
const image = makeImage('subject', 0);

function variants(count: number, extra: object = {}) {
  return Array.from({ length: count }, (_, n) => makeImage('subject', 0, { ...extra, annotations: { n: String(n) } }));
}

describe('what is asked of an image with much around it', () => {
  it('is its size, with referrers that are looked at side by side', async () => {
    const longshore = timedLongshore();
    const count = 120;
    await pushImage(longshore.app, repository, 'v1', image);
    for (const each of variants(count, naming(image))) await push(longshore.app, repository, each.digest, each);
    // One that has a layer of its own goes with the image, as they all do.
    const other = makeImage('other', 1, naming(image));
    await pushImage(longshore.app, repository, other.digest, other);
    const bytes = [image, other]
      .flatMap(({ config, layers }) => [config, ...layers])
      .reduce((sum, blob) => sum + blob.length, 0);
    const asked = await roundTrips(longshore.memory.calls, async () => {
      const { sizes } = await usageOf(longshore, { repository, tag: 'v1' });
      expect(sizes?.freedBytes).toBe(bytes);
    });
    console.info(`the size of an image with ${count} referrers: ${asked.calls} store calls, ${asked.inARow} in a row`);
    expect(asked.inARow).toBeLessThan(60);
    expect(asked.calls / count).toBeLessThan(5);
  }, 60_000);

  it('is what is built on a base, with the images of a level side by side', async () => {
    const { app, memory } = composeForTest();
    const count = 90;
    const base = ownBase(key.registry, 'base' as RepositoryName);
    const learnedAt = new Date(0).toISOString();
    for (let n = 0; n < count; n += 1) {
      const document = {
        id: `edge:default:team:app-${n}:v1:000000000000`,
        type: 'edge',
        schemaVersion: 1,
        base,
        tag: '1',
        found: [{ evidence: 'annotation', confidence: 1, baseDigest: image.digest }],
        registry: 'default',
        repository: `team/app-${n}`,
        dependentTag: 'v1',
        dependentDigest: image.digest,
        learnedAt,
      };
      await memory.documents.commitDocuments('dependencies', [base], [{ do: 'upsert', document }]);
    }
    const asked = await roundTrips(memory.calls, async () => {
      const tree = (await json(app, 'GET', '/api/v1/bases/tree?image=base:1')).body;
      expect(tree.dependents).toHaveLength(count);
    });
    console.info(`the tree of a base of ${count} images: ${asked.calls} store calls, ${asked.inARow} in a row`);
    expect(asked.inARow).toBeLessThan(20);
  });
});

describe('a deletion', () => {
  it('of a policy takes its marks in batches', async () => {
    const longshore = policed();
    const count = 120;
    await putPolicy(longshore.app, { remove: [{ name: 'old', olderThanDays: 30 }] });
    await planOf(longshore.app);
    await pushImage(longshore.app, repository, 'v', image);
    for (const [n, each] of variants(count).entries()) await push(longshore.app, repository, `v${n}`, each);
    await longshore.deliver();
    const marks = () =>
      longshore.memory.documents.countDocuments({
        container: 'repositories',
        partition: ['default', repository],
        where: [
          { path: 'type', is: '=', value: 'purge-due' },
          { path: 'policy', is: '=', value: 'nightly' },
        ],
      });
    expect(await marks()).toBe(count + 1);
    const asked = await roundTrips(longshore.memory.calls, () =>
      ask(longshore.app, 'DELETE', '/api/v1/purge/policies/nightly'),
    );
    console.info(`a policy with ${count} marks: ${asked.calls} store calls, ${asked.inARow} in a row`);
    expect(await marks()).toBe(0);
    expect(asked.calls).toBeLessThan(30);
  }, 60_000);

  it('of an image with many tags is undone with at most three store calls for each of them', async () => {
    const { app, memory } = timedLongshore();
    const count = 300;
    await pushImage(app, repository, 'v0', image);
    for (let n = 1; n < count; n += 1) await putManifest(app, repository, `v${n}`, image);
    await ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`);
    const before = memory.calls.total();
    const { status } = await post(app, '/api/v1/bin/restore', { repository, digest: image.digest });
    expect(status).toBe(200);
    await expect
      .poll(async () => (await json(app, 'GET', `/v2/${repository}/tags/list?n=1000`)).body.tags, { timeout: 30_000 })
      .toHaveLength(count);
    const calls = memory.calls.total() - before;
    console.info(`a restore of an image with ${count} tags: ${calls} store calls`);
    expect(calls / count).toBeLessThan(3);
  }, 60_000);
});

describe('an event of an index with many images', () => {
  it('has them made known side by side', async () => {
    const longshore = composeForTest();
    const { app, memory, world } = longshore;
    const count = 60;
    const layer = Buffer.from('one layer');
    const layers = [
      {
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        digest: await pushBlob(app, repository, layer),
        size: layer.length,
      },
    ];
    const children = await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const config = Buffer.from(
          JSON.stringify({
            architecture: 'amd64',
            os: 'linux',
            n,
            rootfs: { type: 'layers', diff_ids: [image.digest] },
          }),
        );
        return makeImage('subject', 0, {
          layers,
          config: {
            mediaType: 'application/vnd.oci.image.config.v1+json',
            digest: await pushBlob(app, repository, config),
            size: config.length,
          },
        });
      }),
    );
    for (const child of children) await push(app, repository, child.digest, child);
    await push(app, repository, 'all', makeIndex(children));
    const event = world.region().events.log.at(-1);
    const asked = await roundTrips(memory.calls, () => longshore.events['builds-learn'](event));
    console.info(`learning an index of ${count} images: ${asked.calls} store calls, ${asked.inARow} in a row`);
    expect(asked.inARow).toBeLessThan(count * 2);
  }, 60_000);

  it('has what is about each of them found side by side by a replica', async () => {
    const { app, memory } = composeForTest();
    const count = 60;
    const children = variants(count);
    await pushImage(app, repository, 'v', image);
    for (const child of children) await push(app, repository, child.digest, child);
    const index = makeIndex(children);
    await push(app, repository, 'all', index);
    const [first = image] = children;
    const signature = makeImage('subject', 0, naming(first));
    await push(app, repository, signature.digest, signature);
    const asked = await roundTrips(memory.calls, async () => {
      expect(await aboutImage({ documents: memory.documents }, key, index.digest as Digest)).toEqual([
        signature.digest,
      ]);
    });
    console.info(`what is about ${count} images of an index: ${asked.calls} store calls, ${asked.inARow} in a row`);
    expect(asked.inARow).toBeLessThan(count);
  }, 60_000);
});
