import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { App } from '../../../../shared/app/app.ts';
import { sized } from '../../../deep.ts';
import type { TestImage } from '../../image.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { binOf, day, everythingOf, makeIndex, naming, post, push, timedLongshore } from './binned.ts';

const repository = 'team/app';

/** Each manifest may list, or name as its subject, only what was made before it. */
interface Node {
  readonly kind: 'image' | 'index';
  readonly of: readonly number[];
  readonly subject: number | undefined;
  readonly tags: readonly string[];
  /** The number of its layer; manifests may have the same one. */
  readonly layer: number;
}

const node = fc.record({
  kind: fc.constantFrom('image' as const, 'image' as const, 'index' as const),
  of: fc.uniqueArray(fc.nat(9), { maxLength: 3 }),
  subject: fc.option(fc.nat(9), { nil: undefined, freq: 2 }),
  tags: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 2 }),
  layer: fc.nat(2),
});
const graph = fc.array(node, { minLength: 2, maxLength: 7 });

type Made = Pick<TestImage, 'bytes' | 'digest' | 'mediaType'> & {
  readonly children: readonly Made[];
  readonly image: TestImage | undefined;
};

function make(nodes: readonly Node[]): Made[] {
  const made: Made[] = [];
  for (const [at, { kind, of, subject, layer }] of nodes.entries()) {
    const named = made[subject ?? -1];
    const extra = { annotations: { n: String(at) }, ...(named === undefined ? {} : naming(named)) };
    const children = kind === 'index' ? of.map((index) => made[index]).filter((each) => each !== undefined) : [];
    const image = kind === 'index' ? undefined : makeImage(`image ${at}`, 1, extra, `layer ${layer}`);
    made.push({ ...(image ?? makeIndex(children, extra)), children, image });
  }
  return made;
}

async function pushAll(app: App, nodes: readonly Node[]): Promise<Made[]> {
  const made = make(nodes);
  for (const [at, manifest] of made.entries()) {
    const references = nodes[at]?.tags.length === 0 ? [manifest.digest] : (nodes[at]?.tags ?? []);
    for (const reference of references) {
      if (manifest.image === undefined) await push(app, repository, reference, manifest);
      else await pushImage(app, repository, reference, manifest.image);
    }
  }
  return made;
}

/** Everything that the manifest needs answers a pull. */
async function pullWhole(app: App, reference: string): Promise<void> {
  const answer = await ask(app, 'GET', `/v2/${repository}/manifests/${reference}`);
  expect(answer.status, reference).toBe(200);
  const manifest = (await answer.json()) as {
    config?: { digest: string };
    layers?: { digest: string }[];
    manifests?: { digest: string }[];
  };
  for (const { digest } of [...(manifest.config === undefined ? [] : [manifest.config]), ...(manifest.layers ?? [])]) {
    expect((await ask(app, 'GET', `/v2/${repository}/blobs/${digest}`)).status, `${reference} ${digest}`).toBe(307);
  }
  for (const { digest } of manifest.manifests ?? []) await pullWhole(app, digest);
}

async function tagsOf(app: App): Promise<Map<string, string>> {
  const { tags } = (await (await ask(app, 'GET', `/acr/v1/${repository}/_tags`)).json()) as {
    tags: { name: string; digest: string }[];
  };
  return new Map(tags.map(({ name, digest }) => [name, digest]));
}

async function referrersOf(app: App, digest: string): Promise<string[]> {
  const { manifests } = (await (await ask(app, 'GET', `/v2/${repository}/referrers/${digest}`)).json()) as {
    manifests: { digest: string }[];
  };
  return manifests.map((each) => each.digest);
}

/**
 * Manifests that a root of a deletion may not be: a live index lists them, and then it is that index that is broken, as
 * was asked.
 */
const isListed = (made: readonly Made[], digest: string): boolean =>
  made.some(({ children }) => children.some((child) => child.digest === digest));

describe('of any graph of images, indexes, subjects and tags', () => {
  it('what is kept pulls whole, with its signatures, after any deletions and their purge', async () => {
    await fc.assert(
      fc.asyncProperty(graph, fc.array(fc.nat(6), { minLength: 1, maxLength: 3 }), async (nodes, deletions) => {
        const longshore = timedLongshore();
        const { app, passTime, runDue, world } = longshore;
        const made = await pushAll(app, nodes);
        for (const at of deletions) {
          const manifest = made[at];
          if (manifest !== undefined && !isListed(made, manifest.digest))
            await ask(app, 'DELETE', `/v2/${repository}/manifests/${manifest.digest}`);
        }
        const kept = await tagsOf(app);
        const signatures = new Map<string, string[]>();
        for (const digest of kept.values()) signatures.set(digest, await referrersOf(app, digest));
        for (const wait of [14 * day, day, day, day]) {
          passTime(wait + 1);
          await runDue();
        }
        expect(await binOf(app)).toEqual([]);
        expect(await tagsOf(app)).toEqual(kept);
        for (const [tag, digest] of kept) {
          await pullWhole(app, tag);
          expect(await referrersOf(app, digest)).toEqual(signatures.get(digest));
          for (const referrer of signatures.get(digest) ?? []) await pullWhole(app, referrer);
        }
        const { manifests } = (await everythingOf(app, repository)) as {
          manifests: { manifests?: { digest: string }[] };
        };
        const live = new Set((manifests.manifests ?? []).map(({ digest }) => digest));
        const needed = new Set(
          made
            .filter(({ digest }) => live.has(digest))
            .flatMap(({ image }) =>
              image === undefined ? [] : [image.config, ...image.layers].map((blob) => Buffer.from(blob).toString()),
            ),
        );
        expect(world.region().blobs.names()).toHaveLength(needed.size);
      }),
      { numRuns: sized(12, 30) },
    );
  }, 120_000);

  it('a restore brings back exactly what was there', async () => {
    await fc.assert(
      fc.asyncProperty(graph, fc.nat(6), async (nodes, at) => {
        const { app, passTime } = timedLongshore();
        const made = await pushAll(app, nodes);
        const manifest = made[at % made.length];
        if (manifest === undefined) return;
        const before = await everythingOf(app, repository);
        passTime(1000);
        expect((await ask(app, 'DELETE', `/v2/${repository}/manifests/${manifest.digest}`)).status).toBe(202);
        passTime(1000);
        expect((await post(app, '/api/v1/bin/restore', { repository, digest: manifest.digest })).status).toBe(200);
        expect(await everythingOf(app, repository)).toEqual(before);
        expect(await binOf(app)).toEqual([]);
      }),
      { numRuns: sized(15, 40) },
    );
  }, 120_000);
});
