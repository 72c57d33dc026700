import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { forecast } from '../../../../shared/features/usage/sizes/forecast.ts';
import { steppedClock } from '../../../contracts/clock.ts';
import { sized } from '../../../deep.ts';
import type { TestImage } from '../../image.ts';
import { ask, makeImage, pushBlob, pushImage, putManifest } from '../../image.ts';
import { runDue } from '../../run-due.ts';
import { deliverEvents, foldAll, usageOf } from './counting.ts';
import { Holdings } from './holdings.ts';

/** Returns the bytes in the account, counted in the account alone. */
function storedIn({ world }: TestLongshore): number {
  const { blobs } = world.region();
  return blobs.names().reduce((sum, name) => sum + (blobs.get(name)?.size ?? 0), 0);
}

const images = [makeImage('a', 2), makeImage('b', 3, {}, 'a'), makeImage('c', 1), makeImage('d', 2, {}, 'c')];
const repositories = fc.constantFrom('one', 'one', 'one', 'two', 'three');
const step = fc.record({
  do: fc.constantFrom('push', 'push', 'push', 'index', 'mount', 'upload', 'delete', 'untag', 'retag', 'delete blob'),
  repository: repositories,
  from: repositories,
  image: fc.nat({ max: images.length - 1 }),
  tag: fc.constantFrom('v1', 'v2', 'v3'),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(holdings: Holdings, { do: action, repository, from, image: n, tag }: Step): Promise<unknown> {
  const image = images[n] as TestImage;
  switch (action) {
    case 'push':
    case 'retag':
      return holdings.push(repository, tag, image);
    case 'index':
      return holdings.pushIndex(repository, tag, images.slice(n));
    case 'mount':
      return holdings.mount(from, repository, image.layers[0] ?? image.config);
    case 'upload':
      return holdings.upload(repository, Buffer.from(`without a manifest ${n}`));
    case 'delete':
      return holdings.delete(repository, image.digest);
    case 'untag':
      return holdings.delete(repository, tag);
    case 'delete blob':
      return holdings.deleteBlob(repository, image.config);
  }
}

async function deliverShuffled(longshore: TestLongshore, random: fc.Stream<number>): Promise<void> {
  const { log } = longshore.world.region().events;
  const deliveries = [...log, ...log]
    .map((event) => ({ event, at: random.next().value as number }))
    .sort((a, b) => a.at - b.at);
  await Promise.all(deliveries.map(({ event }) => longshore.events['usage-record'](event)));
}

describe('the sizes of what is stored', () => {
  it('add up to what Blob Storage holds, exactly, and are each what a model finds by trying, after any history', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 14 }),
        fc.infiniteStream(fc.nat()),
        async (steps, random) => {
          const longshore = composeForTest();
          const holdings = new Holdings(longshore.app);
          for (const each of steps) await take(holdings, each);
          await deliverShuffled(longshore, random);
          await longshore.timers['usage-survey']();
          const { sizes = {} } = await usageOf(longshore);
          expect((sizes['uniqueBytes'] ?? 0) + (sizes['sharedBytes'] ?? 0) + (sizes['unlinkedBytes'] ?? 0)).toBe(
            storedIn(longshore),
          );
          expect(sizes['storedBytes']).toBe(storedIn(longshore));
          let unique = 0;
          for (const [repository, { manifests, tags, links }] of holdings.repositories) {
            const held = holdings.held(repository);
            unique += held.uniqueBytes;
            if (manifests.size > 0 && links.size > 0)
              expect((await usageOf(longshore, { repository })).sizes).toMatchObject({
                ...held,
                freedBytes: held.uniqueBytes,
              });
            for (const digest of manifests.keys())
              expect([repository, digest, (await usageOf(longshore, { repository, digest })).sizes]).toEqual([
                repository,
                digest,
                holdings.sizesOf(repository, digest),
              ]);
            for (const tag of tags.keys())
              expect([repository, tag, (await usageOf(longshore, { repository, tag })).sizes]).toEqual([
                repository,
                tag,
                holdings.sizesOfTag(repository, tag),
              ]);
          }
          expect(sizes['uniqueBytes']).toBe(unique);
        },
      ),
      { numRuns: sized(10, 40) },
    );
  });

  it('add up while images are recycled, restored by a pull, purged and collected, too', async () => {
    const large = makeImage('large', 1, { annotations: { filler: 'x'.repeat(140 * 1024) } }, 'a');
    const life = fc.record({
      do: fc.constantFrom('push', 'push', 'delete', 'pull', 'days', 'collect', 'upload'),
      repository: fc.constantFrom('one', 'one', 'two'),
      image: fc.constantFrom(...images.slice(0, 2), large),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(life, { minLength: 3, maxLength: 14 }),
        fc.infiniteStream(fc.nat()),
        async (steps, random) => {
          const clock = steppedClock();
          const longshore = composeForTest({ world: createMemoryWorld({ clock }) });
          const { app } = longshore;
          for (const { do: action, repository, image } of steps) {
            if (action === 'push') await pushImage(app, repository, 'v1', image);
            if (action === 'upload') await pushBlob(app, repository, image.config);
            if (action === 'delete') await ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`);
            if (action === 'pull') await ask(app, 'GET', `/v2/${repository}/manifests/${image.digest}`);
            if (action === 'days') clock.advance(10 * 24 * 3600_000);
            if (action === 'collect') await runDue(longshore);
          }
          await deliverShuffled(longshore, random);
          await longshore.timers['usage-survey']();
          const {
            uniqueBytes = 0,
            sharedBytes = 0,
            unlinkedBytes = 0,
            storedBytes,
          } = (await usageOf(longshore)).sizes ?? {};
          expect([uniqueBytes + sharedBytes + unlinkedBytes, storedBytes]).toEqual([
            storedIn(longshore),
            storedIn(longshore),
          ]);
        },
      ),
      { numRuns: sized(10, 40) },
    );
  });

  it('have the manifest of a purged image until its bytes are gone, where it lay in Blob Storage', async () => {
    const clock = steppedClock();
    const longshore = composeForTest({ world: createMemoryWorld({ clock }) });
    const large = makeImage('large', 1, { annotations: { filler: 'x'.repeat(140 * 1024) } });
    await pushImage(longshore.app, 'one', 'v1', large);
    await ask(longshore.app, 'DELETE', `/v2/one/manifests/${large.digest}`);
    clock.advance(20 * 24 * 3600_000);
    await runDue(longshore);
    await deliverEvents(longshore);
    await longshore.timers['usage-survey']();
    expect(storedIn(longshore)).toBeGreaterThan(140 * 1024);
    expect((await usageOf(longshore)).sizes).toMatchObject({
      storedBytes: storedIn(longshore),
      unlinkedBytes: large.bytes.length,
    });
  });

  it('count what a repository holds no more after the next survey', async () => {
    const longshore = composeForTest();
    const bytes = Buffer.from('alone');
    const digest = await pushBlob(longshore.app, 'one', bytes);
    await pushImage(longshore.app, 'one', 'v1', makeImage('a', 0));
    await deliverEvents(longshore);
    await longshore.timers['usage-survey']();
    const before = (await usageOf(longshore, { repository: 'one' })).sizes;
    await ask(longshore.app, 'DELETE', `/v2/one/blobs/${digest}`);
    await longshore.timers['usage-survey']();
    const [after, registry] = [
      (await usageOf(longshore, { repository: 'one' })).sizes,
      (await usageOf(longshore)).sizes,
    ];
    expect([before?.['uniqueBytes'], after?.['uniqueBytes'], registry?.['unlinkedBytes']]).toEqual([
      bytes.length + makeImage('a', 0).config.length,
      makeImage('a', 0).config.length,
      bytes.length,
    ]);
  });

  it('tell what no manifest needs, and what is in the recycle bin', async () => {
    const longshore = composeForTest();
    const image = makeImage('a', 1);
    await pushImage(longshore.app, 'one', 'v1', image);
    await pushBlob(longshore.app, 'one', Buffer.from('forgotten'));
    await deliverEvents(longshore);
    await longshore.timers['usage-survey']();
    expect((await usageOf(longshore, { repository: 'one' })).sizes).toMatchObject({
      unneededBytes: 9,
      recycledBytes: 0,
    });
    await ask(longshore.app, 'DELETE', `/v2/one/manifests/${image.digest}`);
    await deliverEvents(longshore);
    await longshore.timers['usage-survey']();
    expect((await usageOf(longshore)).sizes).toMatchObject({
      unneededBytes: 9,
      recycledBytes: storedIn(longshore) - 9,
      uniqueBytes: storedIn(longshore),
    });
  });

  it('have manifests that are too large for a document', async () => {
    const longshore = composeForTest();
    const large = makeImage('large', 1, { annotations: { filler: 'x'.repeat(140 * 1024) } });
    await pushImage(longshore.app, 'one', 'v1', large);
    await deliverEvents(longshore);
    await longshore.timers['usage-survey']();
    const alone = await usageOf(longshore, { repository: 'one', digest: large.digest });
    expect([alone.sizes?.['freedBytes'], (await usageOf(longshore)).sizes?.['uniqueBytes']]).toEqual([
      storedIn(longshore),
      storedIn(longshore),
    ]);
    await pushImage(longshore.app, 'two', 'v1', large);
    await deliverEvents(longshore);
    await longshore.timers['usage-survey']();
    const both = await usageOf(longshore, { repository: 'one', digest: large.digest });
    // Each repository has a copy of the manifest of its own; the blobs are shared.
    const blobs = [large.config, ...large.layers].reduce((sum, { length }) => sum + length, 0);
    expect([both.sizes?.['freedBytes'], (await usageOf(longshore)).sizes]).toMatchObject([
      large.bytes.length,
      { uniqueBytes: 2 * large.bytes.length, sharedBytes: blobs, storedBytes: storedIn(longshore) },
    ]);
  });

  it('of a subject include what refers to it alone', async () => {
    const longshore = composeForTest();
    const [image, signature] = [makeImage('a', 1), makeImage('signature', 1)];
    await pushImage(longshore.app, 'one', 'v1', image);
    const signed = makeImage('signature', 1, {
      subject: { mediaType: image.mediaType, digest: image.digest, size: image.bytes.length },
    });
    for (const blob of [signature.config, ...signature.layers]) await pushBlob(longshore.app, 'one', blob);
    await putManifest(longshore.app, 'one', signed.digest, signed);
    await deliverEvents(longshore);
    const freed = async () => (await usageOf(longshore, { repository: 'one', tag: 'v1' })).sizes?.['freedBytes'];
    expect(await freed()).toBe(storedIn(longshore));
    await putManifest(longshore.app, 'one', 'kept', signed);
    expect(await freed()).toBe([image.config, ...image.layers].reduce((sum, { length }) => sum + length, 0));
  });
});

describe('the survey', () => {
  it('tells what share of the stored bytes was pulled in 7, 30 and 90 days, each byte once', async () => {
    const clock = steppedClock();
    const longshore = composeForTest({ world: createMemoryWorld({ clock }) });
    const [old, recent] = [makeImage('old', 2, {}, 'base'), makeImage('recent', 3, {}, 'base')];
    await pushImage(longshore.app, 'one', 'old', old);
    await pushImage(longshore.app, 'two', 'recent', recent);
    await pushImage(longshore.app, 'two', 'never', makeImage('never', 1));
    await deliverEvents(longshore);
    const pull = async (path: string, days: number) => {
      await ask(longshore.app, 'GET', path);
      await foldAll(longshore);
      clock.advance(days * 24 * 3600_000);
    };
    await pull('/v2/one/manifests/old', 25);
    await pull('/v2/two/manifests/recent', 3);
    await longshore.timers['usage-survey']();
    const answer = await ask(longshore.app, 'GET', '/api/v1/usage/pulled');
    const bytes = (blobs: readonly Uint8Array[]) => blobs.reduce((sum, { length }) => sum + length, 0);
    const [lately, both] = [
      bytes([recent.config, ...recent.layers]),
      bytes([old.config, recent.config, ...recent.layers]),
    ];
    const stored = storedIn(longshore);
    const window = (days: number, pulled: number, whole: boolean) => ({
      days,
      bytes: pulled,
      share: pulled / stored,
      whole,
    });
    expect(await answer.json()).toMatchObject({
      storedBytes: stored,
      windows: [window(7, lately, true), window(30, both, false), window(90, both, false)],
    });
  });

  it('has no answer before it was made, and fails as a store does when that fails', async () => {
    const longshore = composeForTest();
    expect([
      (await ask(longshore.app, 'GET', '/api/v1/usage/pulled')).status,
      (await ask(longshore.app, 'GET', '/api/v1/usage/forecast')).status,
    ]).toEqual([404, 404]);
    longshore.memory.calls.failOn('documents.query', 1);
    await expect(longshore.timers['usage-survey']()).rejects.toThrow('planned outage');
    expect((await ask(longshore.app, 'GET', '/api/v1/usage/pulled')).status).toBe(404);
  });
});

describe('the forecast', () => {
  const at = (hours: number) => new Date(Date.parse('2026-03-01T00:00:00Z') + hours * 3600_000).toISOString();

  it('meets the quota where a steady growth does', () => {
    const steady = Array.from({ length: 100 }, (_, hour) => ({ at: at(hour), bytes: 1_000 + hour * 10 }));
    expect(forecast(steady, 1_990 + 10 * 24)).toEqual({
      quotaBytes: 2_230,
      storedBytes: 1_990,
      bytesPerDay: 240,
      fullAt: at(99 + 24),
    });
  });

  it('never meets it where nothing grows, and knows nothing of one survey', () => {
    expect(forecast([{ at: at(0), bytes: 5 }], 10)).toEqual({ quotaBytes: 10, storedBytes: 5 });
    expect(
      forecast(
        [
          { at: at(0), bytes: 5 },
          { at: at(1), bytes: 5 },
        ],
        10,
      ),
    ).toEqual({ quotaBytes: 10, storedBytes: 5, bytesPerDay: 0 });
  });

  it('goes by the last week: what came before is not how it goes on', () => {
    const turned = [
      ...Array.from({ length: 300 }, (_, hour) => ({ at: at(hour), bytes: hour * 1_000 })),
      ...Array.from({ length: 200 }, (_, hour) => ({ at: at(300 + hour), bytes: 300_000 })),
    ];
    expect(forecast(turned, 1_000_000).fullAt).toBeUndefined();
  });

  it('is in the API, by the surveys', async () => {
    const clock = steppedClock();
    const longshore = composeForTest({
      world: createMemoryWorld({ clock }),
      settings: { usage: { actors: [], quotaBytes: 1_000 } },
    });
    for (const n of [1, 2, 3]) {
      await pushBlob(longshore.app, 'one', Buffer.alloc(100, n));
      await longshore.timers['usage-survey']();
      clock.advance(24 * 3600_000);
    }
    const answer = await (await ask(longshore.app, 'GET', '/api/v1/usage/forecast')).json();
    expect(answer).toEqual({
      quotaBytes: 1_000,
      storedBytes: 300,
      bytesPerDay: 100,
      fullAt: new Date(Date.parse('2026-03-03T00:00:00Z') + 7 * 24 * 3600_000).toISOString(),
      measuredAt: '2026-03-03T00:00:00.000Z',
    });
  });
});
