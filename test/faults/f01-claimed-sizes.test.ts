import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TestLongshore } from '../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import type { CommitDocuments } from '../../shared/core/ports/documents.ts';
import { planOf, policed, putPolicy } from '../shared/features/purge/policed.ts';
import { deliverEvents, foldAll } from '../shared/features/usage/counting.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';
import { blobIn, configType, foreignLayer, json, layerType, put } from './manifests.ts';

const mostSafe = Number.MAX_SAFE_INTEGER;

interface Usage {
  readonly images: number;
  readonly bytes: number;
  readonly pulls: number;
  readonly sizes?: Readonly<Record<string, number>>;
}

async function usage(longshore: TestLongshore, repository: string, more = ''): Promise<Usage> {
  const { status, body } = await json(longshore.app, 'GET', `/api/v1/usage?repository=${repository}${more}`);
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body as unknown as Usage;
}

async function pushClaiming(
  longshore: TestLongshore,
  repository: string,
  tag: string,
  claims: { readonly real?: number; readonly foreign?: readonly number[] },
) {
  const { app } = longshore;
  const config = await blobIn(app, repository, JSON.stringify({ tag, repository }), configType);
  const layer = await blobIn(app, repository, 'hello world', layerType);
  const layers = [
    { ...layer, ...(claims.real === undefined ? {} : { size: claims.real }) },
    ...(claims.foreign ?? []).map((size, n) => foreignLayer(n, size)),
  ];
  const pushed = await put(app, repository, tag, { config, layers });
  if (pushed.status !== 201) throw new Error(`${pushed.status} ${pushed.text}`);
  return { ...pushed, stored: config.size + layer.size + pushed.bytes.length };
}

/** The documents of the usage container that are of one type, changed by hand as an older version left them. */
async function spoil(
  longshore: TestLongshore,
  repository: string,
  id: string,
  set: Readonly<Record<string, unknown>>,
): Promise<void> {
  const documents: CommitDocuments = longshore.memory.documents;
  const outcome = await documents.commitDocuments('usage', ['default', repository], [{ do: 'patch', id, set }]);
  expect(outcome.committed).toBe(true);
}

describe('sizes that a manifest claims', () => {
  it('count nothing where nothing is stored, and what is stored counts as it was measured', async () => {
    const longshore = composeForTest();
    const { stored, digest } = await pushClaiming(longshore, 'team/app', 'v1', {
      real: 7_000_000_000,
      foreign: [mostSafe, mostSafe, 5],
    });
    await deliverEvents(longshore);
    expect(await usage(longshore, 'team/app')).toMatchObject({ images: 1, bytes: stored });
    await longshore.timers['usage-survey']();
    const { sizes } = await usage(longshore, 'team/app', `&digest=${digest}`);
    expect(sizes).toMatchObject({ logicalBytes: stored });
    expect(sizes?.claimedBytes).toBeGreaterThan(5);
    expect(Number.isSafeInteger(sizes?.claimedBytes)).toBe(true);
    expect((await json(longshore.app, 'GET', '/api/v1/usage/top?by=size')).status).toBe(200);
    await ask(longshore.app, 'DELETE', `/v2/team/app/manifests/${digest}`);
    await deliverEvents(longshore);
    expect(await usage(longshore, 'team/app')).toMatchObject({ images: 0, bytes: 0 });
  });

  it('are bounded wherever they are shown', async () => {
    const { app, ...longshore } = composeForTest();
    const { digest } = await pushClaiming({ app, ...longshore }, 'team/app', 'v1', {
      foreign: Array.from({ length: 500 }, () => mostSafe),
    });
    const shown = await json(app, 'GET', `/acr/v1/team/app/_manifests/${digest}`);
    expect(Number.isSafeInteger((shown.body.manifest as { imageSize: number }).imageSize)).toBe(true);
    await ask(app, 'DELETE', `/v2/team/app/manifests/${digest}`);
    const bin = await json(app, 'GET', '/api/v1/bin');
    expect((bin.body.items as { size?: number }[]).every(({ size = 0 }) => Number.isSafeInteger(size))).toBe(true);
  });

  it('do not keep a purge plan from being made, which says what is really freed', async () => {
    const longshore = policed();
    const claiming = await pushClaiming(longshore, 'team/app', 'old', { real: mostSafe, foreign: [mostSafe] });
    await longshore.deliver();
    longshore.passDays(40);
    await putPolicy(longshore.app, { remove: [{ name: 'old', olderThanDays: 30 }], brakePercent: 100 });
    const plan = await planOf(longshore.app);
    expect(plan.tags).toBe(1);
    expect(plan.bytes).toBe(claiming.stored - claiming.bytes.length);
  });

  it('have any sums, and stored bytes stay what is stored after any pushes and deletions', async () => {
    const size = fc.oneof(fc.constant(mostSafe), fc.constant(0), fc.nat());
    const step = fc.record({
      tag: fc.constantFrom('a', 'b', 'c'),
      real: fc.option(size, { nil: undefined }),
      foreign: fc.array(size, { maxLength: 4 }),
      gone: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const longshore = composeForTest();
        const held = new Map<string, { digest: string; bytes: number; config: string }>();
        for (const { tag, real, foreign, gone } of steps) {
          const pushed = await pushClaiming(longshore, 'team/app', tag, {
            ...(real === undefined ? {} : { real }),
            foreign,
          });
          held.set(pushed.digest, {
            digest: pushed.digest,
            bytes: pushed.bytes.length,
            config: JSON.stringify({ tag, repository: 'team/app' }),
          });
          if (!gone) continue;
          await ask(longshore.app, 'DELETE', `/v2/team/app/manifests/${pushed.digest}`);
          held.delete(pushed.digest);
        }
        await deliverEvents(longshore);
        const configs = new Set([...held.values()].map(({ config }) => config));
        const blobs =
          [...configs].reduce((sum, each) => sum + each.length, 0) + (held.size === 0 ? 0 : 'hello world'.length);
        const manifests = [...held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
        expect(await usage(longshore, 'team/app')).toMatchObject({ images: held.size, bytes: blobs + manifests });
      }),
      { numRuns: 25 },
    );
  });
});

describe('counters that an older version spoilt', () => {
  it('are read as the nearest count, and counted anew by the next survey', async () => {
    const longshore = composeForTest();
    const { stored } = await pushClaiming(longshore, 'team/app', 'v1', {});
    await deliverEvents(longshore);
    await spoil(longshore, 'team/app', 'total', { bytes: 1.8e16, images: 1, measured: false });
    expect(await usage(longshore, 'team/app')).toMatchObject({ bytes: mostSafe });
    await spoil(longshore, 'team/app', 'total', { bytes: -12 });
    expect(await usage(longshore, 'team/app')).toMatchObject({ bytes: 0 });
    await longshore.timers['usage-survey']();
    expect(await usage(longshore, 'team/app')).toMatchObject({ images: 1, bytes: stored });
  });
});

describe('a batch of pulls', () => {
  it('is added as far as it can be when one repository has a counter that cannot be read, and the failure is told', async () => {
    const errors: string[] = [];
    const log = {
      info: () => undefined,
      warn: () => undefined,
      error: (context: object) => void errors.push(JSON.stringify(context)),
      debug: () => undefined,
    };
    const longshore = composeForTest({ adapters: { log } });
    for (const repository of ['a/first', 'b/bad', 'c/last'])
      await pushImage(longshore.app, repository, 'v1', makeImage(repository));
    await deliverEvents(longshore);
    await spoil(longshore, 'b/bad', 'total', { schemaVersion: 9 });
    for (const repository of ['a/first', 'b/bad', 'c/last'])
      await ask(longshore.app, 'GET', `/v2/${repository}/manifests/v1`);
    await expect(foldAll(longshore)).rejects.toThrow('cannot be read');
    expect(await usage(longshore, 'a/first')).toMatchObject({ pulls: 1 });
    expect(await usage(longshore, 'c/last')).toMatchObject({ pulls: 1 });
    expect((await json(longshore.app, 'GET', '/api/v1/usage')).body).toMatchObject({ pulls: 3 });
    expect(errors.some((each) => each.includes('b/bad'))).toBe(true);
    // Nor does it keep the others from being measured.
    await longshore.timers['usage-survey']();
    expect((await usage(longshore, 'c/last')).sizes?.uniqueBytes).toBeGreaterThan(0);
  });
});

describe('a plan', () => {
  it('is made of what can be judged when one manifest cannot be read, and says which stays and why', async () => {
    const longshore = policed();
    const [good, bad] = [makeImage('good'), makeImage('bad')];
    await pushImage(longshore.app, 'team/app', 'good', good);
    await pushImage(longshore.app, 'team/app', 'bad', bad);
    await longshore.deliver();
    longshore.passDays(40);
    const rules = { remove: [{ name: 'old', olderThanDays: 30 }], brakePercent: 100 };
    await putPolicy(longshore.app, rules);
    await planOf(longshore.app);
    expect(
      (
        await longshore.memory.documents.commitDocuments(
          'repositories',
          ['default', 'team/app'],
          [{ do: 'patch', id: `manifest:${bad.digest}`, set: { size: -1 } }],
        )
      ).committed,
    ).toBe(true);
    const plan = await planOf(longshore.app);
    expect(plan.items.map(({ tag }) => tag)).toContain('good');
    expect(plan.keptItems.find(({ digest }) => digest === bad.digest)?.why).toContain('cannot be judged');
    // A look through all that is stored passes it, too.
    await putPolicy(longshore.app, { ...rules, remove: [{ name: 'older', olderThanDays: 20 }] });
    expect((await planOf(longshore.app)).items.map(({ tag }) => tag)).toContain('good');
  });
});
