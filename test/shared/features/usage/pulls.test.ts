import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { Digest } from '../../../../shared/core/oci/digest.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../../shared/core/oci/media-types.ts';
import type { RegistryName, RepositoryName, Tag } from '../../../../shared/core/oci/name.ts';
import { lastPullsIn } from '../../../../shared/features/usage/tracking.ts';
import { steppedClock } from '../../../contracts/clock.ts';
import { ask, makeImage, pushImage, putManifest } from '../../image.ts';
import { asAdmin, composeRequired } from '../identity/required.ts';
import { as, deliverEvents, foldAll, usageOf } from './counting.ts';

const repository = 'team/app';
const key = { registry: 'default' as RegistryName, repository: repository as RepositoryName };
const image = makeImage('pulled', 2);

async function pushed() {
  const clock = steppedClock();
  const longshore = composeForTest({ world: createMemoryWorld({ clock }) });
  await pushImage(longshore.app, repository, 'v1', image);
  await deliverEvents(longshore);
  const pull = (reference: string, userAgent = 'docker/28.0', method = 'GET') =>
    ask(longshore.app, method, `/v2/${repository}/manifests/${reference}`, as(userAgent));
  return { longshore, clock, pull };
}

describe('a pull', () => {
  it('by tag is counted of the repository, the tag and the digest, with its time, client and region', async () => {
    const { longshore, clock, pull } = await pushed();
    clock.advance(60_000);
    await pull('v1');
    await foldAll(longshore);
    const at = clock.now().toISOString();
    for (const query of [{}, { repository }, { repository, tag: 'v1' }, { repository, digest: image.digest }]) {
      const usage = await usageOf(longshore, query);
      expect([
        query,
        usage.pulls,
        usage.period.byClient['docker']?.pulls,
        usage.period.byRegion['home']?.pulls,
      ]).toEqual([query, 1, 1, 1]);
      if ('repository' in query) expect(usage.lastPull).toBe(at);
    }
  });

  it('by digest is not counted of a tag', async () => {
    const { longshore, pull } = await pushed();
    await pull(image.digest);
    await foldAll(longshore);
    expect([
      (await usageOf(longshore, { repository, digest: image.digest })).pulls,
      (await usageOf(longshore, { repository, tag: 'v1' })).pulls,
    ]).toEqual([1, 0]);
  });

  it('of an index, as clients do it, is counted of the index, its tag, and the one child that the client takes', async () => {
    const { longshore, pull } = await pushed();
    const child = makeImage('child', 1);
    await pushImage(longshore.app, repository, 'child', child);
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [image, child].map(({ digest, mediaType, bytes: { length } }) => ({
          digest,
          mediaType,
          size: length,
        })),
      }),
    );
    await putManifest(longshore.app, repository, 'multi', { bytes, mediaType: mediaTypes.ociIndex });
    await pull('multi');
    await pull(child.digest);
    await foldAll(longshore);
    const pulls = async (query: Record<string, string>) => (await usageOf(longshore, { repository, ...query })).pulls;
    expect(
      await Promise.all([
        pulls({ tag: 'multi' }),
        pulls({ digest: digestOf(bytes) }),
        pulls({ digest: child.digest }),
        pulls({ digest: image.digest }),
      ]),
    ).toEqual([1, 1, 1, 0]);
  });

  it('is counted too when the client has the manifest already and is told so', async () => {
    const { longshore } = await pushed();
    const answer = await ask(longshore.app, 'GET', `/v2/${repository}/manifests/v1`, {
      headers: { 'if-none-match': `"${image.digest}"` },
    });
    await foldAll(longshore);
    expect([answer.status, (await usageOf(longshore, { repository })).pulls]).toEqual([304, 1]);
  });

  it('by HEAD is counted apart, and has a last time of its own', async () => {
    const { longshore, pull, clock } = await pushed();
    await pull('v1', 'containerd/2.0', 'HEAD');
    await foldAll(longshore);
    const { pulls, heads, lastPull, lastHead } = await usageOf(longshore, { repository, tag: 'v1' });
    expect([pulls, heads, lastPull, lastHead]).toEqual([0, 1, undefined, clock.now().toISOString()]);
  });

  it('of blobs alone is activity of the repository, and of no image', async () => {
    const { longshore } = await pushed();
    for (const method of ['GET', 'HEAD'])
      await ask(longshore.app, method, `/v2/${repository}/blobs/${digestOf(image.config)}`);
    await foldAll(longshore);
    const [whole, tag] = [
      await usageOf(longshore, { repository }),
      await usageOf(longshore, { repository, tag: 'v1' }),
    ];
    expect([whole.blobPulls, whole.pulls, whole.lastPull, tag.blobPulls]).toEqual([1, 0, undefined, 0]);
  });

  it('that is refused or finds nothing is not counted', async () => {
    const { longshore, pull } = await pushed();
    const absent = await pull('absent');
    await ask(longshore.app, 'PATCH', `/acr/v1/${repository}`, { body: JSON.stringify({ readEnabled: false }) });
    expect([absent.status, (await pull('v1')).status]).toEqual([404, 405]);
    expect(await foldAll(longshore)).toEqual([]);
  });

  it('calls no store more than it would uncounted, and sends nothing by itself', async () => {
    const { longshore, pull } = await pushed();
    await pull(image.digest);
    longshore.memory.calls.resetCounts();
    for (let n = 0; n < 500; n++) await pull(image.digest);
    expect(longshore.memory.calls.list).toEqual([]);
  });
});

describe('what scanners and replication pull', () => {
  it('is counted, and refreshes no last pull', async () => {
    const { longshore, pull, clock } = await pushed();
    await pull('v1', 'containerd/2.0');
    const used = clock.now().toISOString();
    clock.advance(24 * 3600_000);
    await pull('v1', 'trivy/0.60');
    await pull('v1', 'longshore-replication/1', 'HEAD');
    await foldAll(longshore);
    const { pulls, heads, lastPull, lastHead, period } = await usageOf(longshore, { repository, tag: 'v1' });
    expect([pulls, heads, lastPull, lastHead, period.byClient['scanner']?.pulls]).toEqual([2, 1, used, undefined, 1]);
  });

  it.each([
    { client: 'scanner', userAgent: 'docker/28.0', refreshes: false },
    { client: 'docker', userAgent: 'trivy/0.60', refreshes: true },
  ] as const)(
    'is known by who pulls: that a $client calls itself $userAgent changes nothing',
    async ({ client, userAgent, refreshes }) => {
      const longshore = composeRequired({
        settings: { usage: { actors: [{ actor: 'admin', client }], quotaBytes: 1 } },
      });
      const options = { headers: { ...asAdmin, 'user-agent': userAgent } };
      await ask(longshore.app, 'POST', `/v2/${repository}/blobs/uploads/?digest=${digestOf(image.config)}`, {
        ...options,
        body: image.config,
      });
      const manifest = makeImage('pulled', 0);
      await ask(longshore.app, 'PUT', `/v2/${repository}/manifests/v1`, {
        body: manifest.bytes,
        headers: { ...options.headers, 'content-type': manifest.mediaType },
      });
      await ask(longshore.app, 'GET', `/v2/${repository}/manifests/v1`, options);
      await foldAll(longshore);
      const last = await lastPullsIn(longshore.memory.documents).lastPulls(key, [
        'v1' as Tag,
        manifest.digest as Digest,
      ]);
      const expected = refreshes ? { lastPull: longshore.clock.now().toISOString() } : {};
      expect([...last]).toEqual([
        ['v1', expected],
        [manifest.digest, expected],
      ]);
    },
  );
});

describe('pushes', () => {
  it('are counted of repository, tag and digest by what the client is, once for each event however often it comes', async () => {
    const { longshore } = await pushed();
    await ask(longshore.app, 'PUT', `/v2/${repository}/manifests/v2`, {
      body: image.bytes,
      headers: { 'content-type': image.mediaType, 'user-agent': 'buildkit/v0.20' },
    });
    await deliverEvents(longshore);
    await deliverEvents(longshore);
    const [registry, whole, tag, digest] = [
      await usageOf(longshore),
      await usageOf(longshore, { repository }),
      await usageOf(longshore, { repository, tag: 'v2' }),
      await usageOf(longshore, { repository, digest: image.digest }),
    ];
    expect([registry.pushes, whole.pushes, tag.pushes, digest.pushes]).toEqual([2, 2, 1, 2]);
    expect(tag.period.byClient).toEqual({ buildkit: { pulls: 0, heads: 0, blobPulls: 0, pushes: 1 } });
  });
});

describe('tracking of last pulls', () => {
  it('began with the first batch or survey, and stays', async () => {
    const { longshore, pull, clock } = await pushed();
    const tracked = lastPullsIn(longshore.memory.documents);
    expect(await tracked.trackedSince(key.registry)).toBeUndefined();
    await longshore.timers['usage-survey']();
    const began = clock.now();
    clock.advance(3_600_000);
    await pull('v1');
    await foldAll(longshore);
    expect(await tracked.trackedSince(key.registry)).toEqual(began);
    expect((await usageOf(longshore)).trackedSince).toBe(began.toISOString());
  });

  it('tells last pulls by tag and digest, and nothing of what was never pulled', async () => {
    const { longshore, pull, clock } = await pushed();
    await pull('v1');
    await foldAll(longshore);
    const found = await lastPullsIn(longshore.memory.documents).lastPulls(key, [
      'v1' as Tag,
      image.digest as Digest,
      'never' as Tag,
    ]);
    expect([...found]).toEqual([
      ['v1', { lastPull: clock.now().toISOString() }],
      [image.digest, { lastPull: clock.now().toISOString() }],
    ]);
  });
});
