import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AzureDocuments } from '../../../../shared/adapters/azure/documents.ts';
import { azureDocuments } from '../../../../shared/adapters/azure/documents.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { App } from '../../../../shared/app/app.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import { database, startDocuments } from '../../../contracts/cosmos.ts';
import { sized } from '../../../deep.ts';
import { ask, makeImage, pushBlob, putManifest } from '../../image.ts';
import { askJson, everyPage } from './asking.ts';
import type { Step } from './model.ts';
import { RepositoryModel, shown } from './model.ts';

const images = [0, 1, 2, 3].map((n) => makeImage(`model ${n}`, 0));
const tags = ['a', 'B', 'v1', 'v1.0'];
const name = 'team/app';

const target = fc.oneof(fc.record({ tag: fc.constantFrom(...tags) }), fc.record({ image: fc.nat(images.length - 1) }));
const attribute = fc.constantFrom(
  'deleteEnabled' as const,
  'writeEnabled' as const,
  'listEnabled' as const,
  'readEnabled' as const,
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('push' as const),
      image: fc.nat(images.length - 1),
      tag: fc.constantFrom(...tags),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('push' as const), image: fc.nat(images.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'pull' as const), target }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('set' as const), target, attribute, value: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const) }) },
  // Many steps happen in one millisecond: then names alone order what they wrote.
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3 }) }) },
);

async function perform(app: App, step: Exclude<Step, { do: 'wait' }>): Promise<number> {
  if (step.do === 'drop') return (await askJson(app, 'DELETE', `/acr/v1/${name}`)).status;
  if (step.do === 'push') {
    const image = images[step.image] ?? makeImage('none');
    return (await putManifest(app, name, step.tag ?? image.digest, image)).status;
  }
  const reference = 'tag' in step.target ? step.target.tag : (images[step.target.image]?.digest ?? '');
  if (step.do === 'set')
    return (
      await askJson(app, 'PATCH', `/acr/v1/${name}/${'tag' in step.target ? '_tags' : '_manifests'}/${reference}`, {
        [step.attribute]: step.value,
      })
    ).status;
  return (await ask(app, step.do === 'pull' ? 'HEAD' : 'DELETE', `/v2/${name}/manifests/${reference}`)).status;
}

/** Every list, in every order, in pages of `n`, shows the model. */
async function compare(app: App, model: RepositoryModel, n: number): Promise<void> {
  const repository = await askJson(app, 'GET', `/acr/v1/${name}`);
  expect((await askJson(app, 'GET', '/v2/_catalog')).body.repositories).toEqual(model.exists ? [name] : []);
  expect(repository.status).toBe(model.exists ? 200 : 404);
  if (!model.exists) return;
  expect([repository.body.manifestCount, repository.body.tagCount]).toEqual([model.manifests.size, model.tags.size]);
  for (const order of ['none', 'timeasc', 'timedesc'] as const) {
    const tagPages = await everyPage(app, `/acr/v1/${name}/_tags?n=${n}&orderby=${order}`);
    const expectedTags = model.listed(model.tags, order).map((tag) => {
      const kept = model.tags.get(tag);
      return kept === undefined ? undefined : { name: tag, digest: kept.digest, signed: false, ...shown(kept) };
    });
    expect(tagPages.flatMap((page) => page.tags)).toEqual(expectedTags);
    expect(tagPages.slice(0, -1).every((page) => page.tags.length === n)).toBe(true);
    const manifestPages = await everyPage(app, `/acr/v1/${name}/_manifests?n=${n}&orderby=${order}`);
    const found = manifestPages.flatMap((page) => page.manifests);
    expect(found.map(({ digest }) => digest)).toEqual(model.listed(model.manifests, order));
    for (const { digest, tags: its = [], createdTime, lastUpdateTime, changeableAttributes } of found) {
      const kept = model.manifests.get(digest);
      expect({ its, createdTime, lastUpdateTime, changeableAttributes }).toEqual({
        its: model.tagsOf(digest),
        ...(kept === undefined ? {} : shown(kept)),
      });
    }
  }
  for (const { digest } of images) {
    const listed = await everyPage(app, `/acr/v1/${name}/_tags?n=${n}&digest=${digest}`);
    expect(listed.flatMap((page) => page.tags).map((tag) => tag.name)).toEqual(model.tagsOf(digest));
  }
}

interface Trial {
  readonly app: App;
  readonly now: () => number;
  readonly passTime: (ms: number) => void;
}

async function trial(composed: (clock: { now(): Date }) => App): Promise<Trial> {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const app = composed({ now: () => new Date(now) });
  for (const { config } of images) await pushBlob(app, name, config);
  return { app, now: () => now, passTime: (ms) => (now += ms) };
}

async function follows({ app, now, passTime }: Trial, steps: readonly Step[], n: number): Promise<void> {
  const model = new RepositoryModel(images.map(({ digest }) => digest));
  for (const step of steps) {
    if (step.do === 'wait') passTime(step.ms);
    else expect(await perform(app, step), JSON.stringify(step)).toBe(model.step(step, now()));
  }
  await compare(app, model, n);
}

const steps = fc.array(step, { minLength: 1, maxLength: 30, size: 'max' });
const pageSize = fc.integer({ min: 1, max: 4 });

describe('any pushes, tags, deletes and attributes', () => {
  it('leave lists, counts and pulls as a model without stores has them', async () => {
    const run = async (each: readonly Step[], n: number) =>
      follows(
        await trial((clock) => composeForTest({ world: createMemoryWorld({ clock }), adapters: { clock } }).app),
        each,
        n,
      );
    await fc.assert(fc.asyncProperty(steps, pageSize, run), { numRuns: sized(30, 80) });
  }, 60_000);
});

describe('on Cosmos DB, whose queries need an index,', () => {
  let emulator: Awaited<ReturnType<typeof startDocuments>>;
  let documents: AzureDocuments;
  let registries = 0;
  beforeAll(async () => {
    emulator = await startDocuments();
    documents = azureDocuments({ endpoint: emulator.endpoint, key: emulator.key, database });
  });
  afterAll(async () => {
    documents.dispose();
    await emulator.stop();
  });

  it('they do too', async () => {
    const run = async (each: readonly Step[], n: number) => {
      registries += 1;
      const settings = { registryName: `model-${registries}` as RegistryName };
      await follows(await trial((clock) => composeForTest({ adapters: { clock, documents }, settings }).app), each, n);
    };
    await fc.assert(fc.asyncProperty(steps, pageSize, run), { numRuns: 5 });
  }, 60_000);
});
