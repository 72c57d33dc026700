import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import type { TestLongshore } from '../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import type { ContainerName } from '../../shared/core/ports/documents.ts';
import { sized } from '../deep.ts';
import { foldAll } from '../shared/features/usage/counting.ts';
import { ask } from '../shared/image.ts';
import { runDue } from '../shared/run-due.ts';
import type { Descriptor } from './manifests.ts';
import { blobIn, configType, digestOfText, foreignType, json, layerType, put } from './manifests.ts';

const day = 24 * 3600_000;
const repositories = ['one', 'two/deep', 'three'] as const;
const texts = ['a layer', 'another layer', 'a third one', '{"a":"config"}', ''];

const claim = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(Number.MAX_SAFE_INTEGER, 0, 7_000_000_000) },
);
/** A layer by its text: what is here, what is elsewhere, or what is elsewhere by its word and here as well. */
const layer = fc.record({
  text: fc.nat({ max: texts.length - 1 }),
  foreign: fc.boolean(),
  uploaded: fc.boolean(),
  claim,
});
type Layer = typeof layer extends fc.Arbitrary<infer T> ? T : never;
const shapes = {
  image: { layers: fc.array(layer, { maxLength: 5 }), large: fc.boolean(), subject: fc.option(fc.nat({ max: 9 })) },
  index: {
    children: fc.array(fc.nat({ max: 9 }), { maxLength: 4 }),
    blobs: fc.array(layer, { maxLength: 3 }),
    subject: fc.option(fc.nat({ max: 9 })),
  },
};
const repository = fc.constantFrom(0, 0, 0, 1, 2);
const tag = fc.option(fc.constantFrom('v1', 'v2'));
const place = { repository, tag, nth: fc.nat({ max: 9 }) };
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('image' as const), ...place, ...shapes.image }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('index' as const), ...place, ...shapes.index }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'untag' as const, 'pull' as const), ...place }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('restore' as const, 'restore group' as const, 'restore tag' as const),
      ...place,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'delete blob' as const,
        'upload' as const,
        'upload' as const,
        'mount' as const,
        'drop' as const,
        'purge' as const,
      ),
      ...place,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('days' as const, 'collect' as const, 'deliver' as const, 'survey' as const),
      ...place,
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/**
 * A registry to which anything is done, and what it was told of: the digests that were pushed to each of its
 * repositories.
 */
class Abused {
  readonly longshore: TestLongshore;
  readonly passTime: (ms: number) => void;
  readonly #pushed = repositories.map((): { digest: string; bytes: Buffer; mediaType: string }[] => []);
  #delivered = 0;

  constructor() {
    let now = Date.parse('2026-01-01T00:00:00Z');
    this.passTime = (ms) => (now += ms);
    this.longshore = composeForTest({ world: createMemoryWorld({ clock: { now: () => new Date(now) } }) });
  }

  async take(taken: Step): Promise<unknown> {
    const { repository: at, nth } = taken;
    const [{ app }, name] = [this.longshore, repositories[at] as string];
    const digest = this.#nth(at, nth)?.digest ?? digestOfText('never pushed');
    this.passTime(1_000);
    switch (taken.do) {
      case 'image': {
        const config = await blobIn(app, name, `{"nth":${nth}}`, configType);
        const layers = await Promise.all(taken.layers.map((each) => this.#layer(name, each)));
        const annotations = taken.large ? { annotations: { filler: 'x'.repeat(140 * 1024) } } : {};
        return this.#put(
          at,
          taken.tag,
          { config, layers, ...annotations, ...this.#subject(at, taken.subject) },
          mediaTypes.ociManifest,
        );
      }
      case 'index': {
        const children = taken.children.map((each) => this.#nth(at, each)).filter((each) => each !== undefined);
        const listed = children.map(({ digest: child, bytes, mediaType }, n) => ({
          mediaType,
          digest: child,
          size: bytes.length,
          platform: { architecture: `a${n}`, os: 'linux' },
        }));
        const blobs = await Promise.all(
          taken.blobs.filter(({ uploaded }) => uploaded).map((each) => this.#layer(name, { ...each, foreign: false })),
        );
        return this.#put(
          at,
          taken.tag,
          { manifests: [...blobs, ...listed], ...this.#subject(at, taken.subject) },
          mediaTypes.ociIndex,
        );
      }
      case 'delete':
        return this.#ask('DELETE', `/v2/${name}/manifests/${digest}`);
      case 'untag':
        return this.#ask('DELETE', `/v2/${name}/manifests/${taken.tag ?? 'v1'}`);
      case 'pull':
        return this.#ask('GET', `/v2/${name}/manifests/${digest}`);
      case 'delete blob':
        return this.#ask('DELETE', `/v2/${name}/blobs/${digestOfText(texts[nth % texts.length] ?? '')}`);
      case 'upload':
        return blobIn(app, name, texts[nth % texts.length] ?? '', layerType);
      case 'mount':
        return this.#ask(
          'POST',
          `/v2/${name}/blobs/uploads/?mount=${digestOfText(texts[nth % texts.length] ?? '')}&from=${repositories[(at + 1) % 3] ?? ''}`,
        );
      case 'drop':
        return this.#ask('DELETE', `/acr/v1/${name}`);
      case 'restore':
      case 'restore group':
      case 'restore tag':
      case 'purge':
        return this.#inTheBin(taken.do, nth);
      case 'days':
        this.passTime(3 * day);
        return undefined;
      case 'collect':
        return runDue(this.longshore);
      case 'deliver':
        return this.deliver();
      case 'survey':
        return this.longshore.timers['usage-survey']();
    }
  }

  /** Delivers what was published since, in the order of a queue that gives the newest first, and the oldest twice. */
  async deliver(): Promise<void> {
    const events = this.longshore.world.region().events.log.slice(this.#delivered);
    this.#delivered += events.length;
    for (const event of [...events.toReversed(), ...events.slice(0, 1)])
      await this.longshore.events['usage-record'](event);
    await foldAll(this.longshore);
  }

  async #put(at: number, reference: string | null, manifest: object, mediaType: string): Promise<void> {
    const { status, text, digest, bytes } = await put(
      this.longshore.app,
      repositories[at] as string,
      reference ?? undefined,
      manifest,
      mediaType,
    );
    if (status === 201) this.#pushed[at]?.push({ digest, bytes, mediaType });
    // A child or a subject's index that is gone by now is refused.
    else if (status !== 404) throw new Error(`${status} ${text}`);
  }

  async #layer(name: string, { text: n, foreign, uploaded, claim: claimed }: Layer): Promise<Descriptor> {
    const text = texts[n] ?? '';
    const descriptor =
      uploaded || !foreign
        ? await blobIn(this.longshore.app, name, text, layerType)
        : { mediaType: layerType, digest: digestOfText(text), size: text.length };
    return {
      ...descriptor,
      size: claimed ?? descriptor.size,
      ...(foreign ? { mediaType: foreignType, urls: ['https://layers.example/'] } : {}),
    };
  }

  async #inTheBin(action: 'restore' | 'restore group' | 'restore tag' | 'purge', nth: number): Promise<void> {
    const { body } = await json(this.longshore.app, 'GET', '/api/v1/bin');
    const entries = (body.items ?? []) as {
      kind: string;
      repository: string;
      digest: string;
      tag?: string;
      group: string;
    }[];
    const entry = entries[nth % Math.max(1, entries.length)];
    if (entry === undefined) return;
    const wanted =
      action === 'restore group'
        ? { group: entry.group, repository: entry.repository }
        : {
            repository: entry.repository,
            digest: entry.digest,
            ...(action === 'restore tag' && entry.tag !== undefined ? { tag: entry.tag } : {}),
          };
    const answer = await json(
      this.longshore.app,
      'POST',
      action === 'purge' ? '/api/v1/bin/purge' : '/api/v1/bin/restore',
      wanted,
    );
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(500);
  }

  async #ask(method: string, path: string): Promise<void> {
    const answer = await ask(this.longshore.app, method, path);
    expect(answer.status, `${method} ${path}`).toBeLessThan(500);
    await answer.body?.cancel();
  }

  #nth(at: number, nth: number) {
    const pushed = this.#pushed[at] ?? [];
    return pushed[nth % Math.max(1, pushed.length)];
  }

  #subject(at: number, nth: number | null): object {
    const subject = nth === null ? undefined : this.#nth(at, nth);
    return subject === undefined
      ? {}
      : { subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.bytes.length } };
  }
}

/** Everything of a container, beside the code that sums it up. */
async function documentsIn({ memory }: TestLongshore, container: ContainerName): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  let continuation: string | undefined;
  do {
    const page = await memory.documents.queryDocuments({
      container,
      where: [{ path: 'id', is: '>', value: '' }],
      limit: 500,
      ...(continuation === undefined ? {} : { continuation }),
    });
    found.push(...page.documents.map(({ document }) => document));
    continuation = page.continuation;
  } while (continuation !== undefined);
  return found;
}

interface Expected {
  /** By the repository's links, and its manifests that do not fit into their documents. */
  readonly held: Map<string, number>;
  /** The images and bytes by repository: live manifests, and those of their blobs to which a link leads. */
  readonly counted: Map<string, { images: number; bytes: number }>;
}

async function expectedOf(longshore: TestLongshore): Promise<Expected> {
  const { blobs } = longshore.world.region();
  const links = (await documentsIn(longshore, 'blobs')).filter(
    ({ type, droppedAt }) => type === 'link' && droppedAt === undefined,
  );
  const manifests = (await documentsIn(longshore, 'repositories')).filter(
    ({ type }) => type === 'manifest' || type === 'binned',
  );
  const held = new Map<string, number>();
  const counted = new Map<string, { images: number; bytes: number }>();
  for (const name of repositories) {
    const sizes = new Map(
      links
        .filter(({ repository: of }) => of === name)
        .map(({ digest, name: blob }) => [digest, blobs.get(blob as string)?.size ?? NaN]),
    );
    const here = manifests.filter(({ repository: of }) => of === name);
    const large = new Set(
      here.map(({ content }) => (content as { blob?: string }).blob).filter((blob) => blob !== undefined),
    );
    held.set(name, sum([...sizes.values(), ...[...large].map((blob) => blobs.get(blob)?.size ?? NaN)]));
    const live = here.filter(({ type }) => type === 'manifest');
    const referenced = new Set(
      live.flatMap(({ references }) =>
        (references as { role: string; digest: string }[])
          .filter(({ role }) => role !== 'manifest')
          .map(({ digest }) => digest),
      ),
    );
    counted.set(name, {
      images: live.length,
      bytes: sum([
        ...live.map(({ size }) => size as number),
        ...[...referenced].map((digest) => sizes.get(digest) ?? 0),
      ]),
    });
  }
  return { held, counted };
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

/** Whatever can be asked about usage and about what is stored. */
async function checkReadable({ app }: TestLongshore): Promise<void> {
  const tops = ['size', 'waste', 'pulls', 'pushes'].map((by) => `/api/v1/usage/top?by=${by}`);
  const paths = [
    '/api/v1/usage',
    ...tops,
    '/api/v1/usage/pulled',
    '/api/v1/usage/forecast',
    '/api/v1/usage/export.csv?of=repositories',
    '/api/v1/usage/export.csv?of=images',
    '/api/v1/bin',
    '/acr/v1/_catalog',
  ];
  for (const name of repositories) {
    paths.push(
      `/api/v1/usage?repository=${name}`,
      ...['v1', 'v2'].map((each) => `/api/v1/usage?repository=${name}&tag=${each}`),
      `/acr/v1/${name}/_tags`,
    );
    const listed = await json(app, 'GET', `/acr/v1/${name}/_manifests`);
    expect(listed.status).toBeLessThan(500);
    for (const { digest } of (listed.body.manifests ?? []) as { digest: string }[])
      paths.push(`/api/v1/usage?repository=${name}&digest=${digest}`);
  }
  for (const path of paths) {
    const answer = await ask(app, 'GET', path);
    expect(answer.status, `${path}: ${await answer.text()}`).toBeLessThan(500);
  }
}

async function checkCounted({ longshore }: Abused): Promise<void> {
  const { blobs } = longshore.world.region();
  const stored = sum(blobs.names().map((name) => blobs.get(name)?.size ?? 0));
  const { held, counted } = await expectedOf(longshore);
  const { sizes } = (await json(longshore.app, 'GET', '/api/v1/usage')).body as { sizes: Record<string, number> };
  expect([sizes.storedBytes, (sizes.uniqueBytes ?? 0) + (sizes.sharedBytes ?? 0) + (sizes.unlinkedBytes ?? 0)]).toEqual(
    [stored, stored],
  );
  const top = (await json(longshore.app, 'GET', '/api/v1/usage/top?by=size')).body.items as {
    repository: string;
    value: number;
  }[];
  for (const name of repositories) {
    expect([name, top.find(({ repository: of }) => of === name)?.value ?? 0]).toEqual([name, held.get(name)]);
    const { status, body } = await json(longshore.app, 'GET', `/api/v1/usage?repository=${name}`);
    if (status === 404) continue;
    const of = body.sizes as Record<string, number> | undefined;
    expect([name, (of?.uniqueBytes ?? 0) + (of?.sharedBytes ?? 0)]).toEqual([name, held.get(name)]);
    expect([name, { images: body.images, bytes: body.bytes }]).toEqual([name, counted.get(name)]);
  }
}

describe('what usage says is stored', () => {
  it('is what Blob Storage holds, and of a repository what its links hold, after any pushes, deletions and restores', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 16 }), async (steps) => {
        const abused = new Abused();
        for (const each of steps) await abused.take(each);
        await checkReadable(abused.longshore);
        await abused.deliver();
        await abused.longshore.timers['usage-survey']();
        await checkCounted(abused);
        await checkReadable(abused.longshore);
      }),
      { numRuns: Number(process.env['RUNS'] ?? sized(10, 30)) },
    );
  }, 120_000);

  it('has a layer that lay elsewhere when its image was pushed, and is uploaded later', async () => {
    const abused = new Abused();
    const at = { repository: 0, tag: 'v1', nth: 0 } as const;
    await abused.take({
      do: 'image',
      ...at,
      layers: [{ text: 0, foreign: true, uploaded: false, claim: undefined }],
      large: false,
      subject: null,
    });
    await abused.deliver();
    await abused.take({ do: 'upload', ...at });
    await abused.deliver();
    await abused.longshore.timers['usage-survey']();
    await checkCounted(abused);
  });
});
