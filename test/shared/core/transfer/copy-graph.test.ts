import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Crash } from '../../../../shared/adapters/memory/crash.ts';
import type { Digest } from '../../../../shared/core/oci/digest.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import type { Tag } from '../../../../shared/core/oci/name.ts';
import { copyGraph } from '../../../../shared/core/transfer/copy-graph.ts';
import { callsToFail, sized } from '../../../deep.ts';
import type { Actor } from '../../../simulation/world.ts';
import { naming } from '../../features/recycle-bin/binned.ts';
import { ask, makeImage } from '../../image.ts';
import type { Made, Worlds } from './copying.ts';
import {
  copy,
  dev,
  ends,
  indexOf,
  madeSource,
  processOver,
  prod,
  pushAll,
  pushBlobsOf,
  readable,
  world,
} from './copying.ts';

const name = (digest: string) => digest.replace(':', '-');
const signing = (subject: Made, seed: string) =>
  makeImage(seed, 0, { artifactType: 'application/x-signature', ...naming(subject) });

/** An index of ten platforms, two of them in an index of its own; signed, and its signature signed; cosign's tag too. */
function graph(referrers = 1) {
  const platforms: Made[] = Array.from({ length: 10 }, (_, at) =>
    makeImage(`platform ${at}`, 2, {}, `layers ${at % 3}`),
  );
  const nested = indexOf(platforms.slice(8));
  const root = indexOf([...platforms.slice(0, 8), nested]);
  const first = platforms[0] ?? root;
  const signatures = Array.from({ length: referrers }, (_, at) =>
    signing(at % 2 === 0 ? root : first, `signature ${at}`),
  );
  const countersigned = signing(signatures[0] ?? root, 'countersignature');
  const cosign = makeImage('cosign', 1);
  const all = [...platforms, nested, root, ...signatures, countersigned, cosign];
  return { root, nested, platforms, signatures, countersigned, cosign, all };
}

async function pushed(referrers = 1) {
  const of = world();
  const made = graph(referrers);
  await pushAll(of, made.all, { v1: made.root, [`${name(made.root.digest)}.sig`]: made.cosign });
  return { of, ...made };
}

/** The manifests and tags of each transaction that has any. */
function batchesOf({ calls }: Actor): string[][] {
  const batches: string[][] = [];
  calls.delay(({ name: call, input }) => {
    const { container, changes = [] } = input as { container?: string; changes?: { document?: { id: string } }[] };
    const ids = changes.flatMap(({ document }) => document?.id ?? []).filter((id) => /^(?:manifest|tag):/.test(id));
    if (call === 'documents.commit' && container === 'repositories' && ids.length > 0) batches.push(ids);
    return 0;
  });
  return batches;
}

/** Commits that were made. */
function commitsOf({ calls }: Actor): number {
  return calls.list.filter((call) => call === 'documents.commit').length;
}

async function expectEqual(of: Worlds, all: readonly Made[]): Promise<void> {
  expect(await readable(of, prod.repository, all)).toEqual(await readable(of, dev.repository, all));
}

describe('a copy of an image', () => {
  it('brings an index with all that it lists, its referrers and theirs, and its tag, in one transaction', async () => {
    const { of, all, root } = await pushed();
    const actor = processOver(of);
    const batches = batchesOf(actor);
    expect(await copy(actor)).toEqual({ is: 'copied', digest: root.digest, pushed: all.length });
    await expectEqual(of, all);
    expect(batches.map((ids) => ids.length)).toEqual([all.length + 2]);
    expect(actor.calls.list.filter((call) => call.startsWith('blobs.') && call !== 'blobs.read')).toEqual([]);
  });

  it('brings ten platforms with a signature and an SBOM each in one transaction, by calls that can be told', async () => {
    const of = world();
    const platforms = Array.from({ length: 10 }, (_, at) => makeImage(`platform ${at}`, 1));
    const root = indexOf(platforms);
    const about = platforms.flatMap((each, at) => [signing(each, `signature ${at}`), signing(each, `sbom ${at}`)]);
    const all = [...platforms, root, ...about];
    await pushAll(of, all, { v1: root });
    const actor = processOver(of);
    const batches = batchesOf(actor);
    actor.calls.resetCounts();
    expect(await copy(actor)).toMatchObject({ pushed: all.length });
    expect(batches.map((ids) => ids.length)).toEqual([all.length + 1]);
    const [blobs, images] = [platforms.length * 2 + about.length, platforms.length + about.length];
    // A link for each blob, the push, its events marked, and the new repository made and announced.
    expect(actor.calls.count('documents.commit')).toBe(blobs + 4);
    // Those of the source and of the target, digest tags of each manifest, referrers of those of the root and of the rest.
    expect(actor.calls.count('documents.query')).toBeLessThanOrEqual(1 + 2 * all.length + 2);
    expect(actor.calls.count('blobs.read')).toBe(images);
    await expectEqual(of, all);
  });

  it('writes nothing the second time, and only what is new the third', async () => {
    const { of, all, root } = await pushed();
    await copy(processOver(of));
    const again = processOver(of);
    again.calls.resetCounts();
    expect(await copy(again)).toEqual({ is: 'copied', digest: root.digest, pushed: 0 });
    expect(commitsOf(again)).toBe(0);
    const late = signing(root, 'late');
    await pushAll(of, [late]);
    expect(await copy(processOver(of))).toMatchObject({ is: 'copied', pushed: 1 });
    await expectEqual(of, [...all, late]);
  });

  it('leaves what refers to it where it is, unless it is asked for', async () => {
    const { of, root, platforms, signatures, cosign } = await pushed();
    expect(await copy(processOver(of), { referrers: false })).toMatchObject({ pushed: platforms.length + 2 });
    const there = await readable(of, prod.repository, [root, ...signatures, cosign]);
    expect(there.manifests.map((each) => typeof each)).toEqual(['string', 'number', 'number']);
    expect(Object.keys(there.tags)).toEqual(['v1']);
  });

  it('by digest and without a tag leaves it without one', async () => {
    const { of, root } = await pushed();
    expect(await copy(processOver(of), { reference: root.digest as Digest, tags: [] })).toMatchObject({ is: 'copied' });
    expect(Object.keys((await readable(of, prod.repository, [root])).tags)).toEqual([`${name(root.digest)}.sig`]);
  });

  it('finds nothing of a name that is not there, and writes nothing', async () => {
    const { of } = await pushed();
    for (const reference of ['absent' as Tag, `sha256:${'0'.repeat(64)}` as Digest]) {
      const actor = processOver(of);
      expect(await copy(actor, { reference })).toEqual({ is: 'absent' });
      expect(commitsOf(actor)).toBe(0);
    }
  });

  it('of a graph that looks like a circle comes to an end', async () => {
    const of = world();
    const image = makeImage('image', 1);
    const index = indexOf([image]);
    // A referrer that lists its subject, one that names a sibling, and a subject that nobody has.
    const lists = indexOf([index, image], naming(index));
    const sibling = signing(lists, 'sibling');
    const back = indexOf([sibling, lists], naming(sibling));
    const lost = makeImage('lost', 0, naming({ ...image, digest: `sha256:${'1'.repeat(64)}` }));
    const all = [image, index, lists, sibling, back, lost];
    await pushAll(of, all, { v1: index });
    expect(await copy(processOver(of))).toMatchObject({ is: 'copied', pushed: 5 });
    await expectEqual(of, [image, index, lists, sibling, back]);
  });

  it('links what an index lists that is a blob', async () => {
    const of = world();
    const cached = makeImage('cache', 1);
    const layer = cached.layers[0] ?? Buffer.alloc(0);
    await pushBlobsOf(of, [cached]);
    const entry = (mediaType: string, bytes: Uint8Array) => ({ bytes, digest: digestFor(bytes), mediaType });
    const index = indexOf([
      entry('application/vnd.oci.image.layer.v1.tar', layer),
      entry('application/vnd.buildkit.cacheconfig.v0', cached.config),
    ]);
    await pushAll(of, [index], { v1: index });
    expect(await copy(processOver(of))).toMatchObject({ is: 'copied', pushed: 1 });
    expect((await ask(of.app, 'HEAD', `/v2/${prod.repository}/blobs/${digestFor(layer)}`)).status).toBe(200);
  });
});

function digestFor(bytes: Uint8Array): string {
  return digestOf(bytes);
}

describe('a copy that cannot be made', () => {
  it('names the child that the source lacks, and leaves nothing behind', async () => {
    const { of, platforms, nested } = await pushed();
    const child = platforms[9]?.digest ?? '';
    expect((await ask(of.app, 'DELETE', `/v2/${dev.repository}/manifests/${child}`)).status).toBe(202);
    const actor = processOver(of);
    expect(await copy(actor)).toEqual({ is: 'incomplete', missing: child, of: nested.digest });
    expect((await ask(of.app, 'GET', `/v2/${prod.repository}/tags/list`)).status).toBe(404);
    expect(commitsOf(actor)).toBe(0);
  });

  it('names the blob that the source lacks, and sets no tag', async () => {
    const of = world();
    const [there, lacking] = [makeImage('there', 1), makeImage('lacking', 1)];
    await pushBlobsOf(of, [there]);
    const root = indexOf([there, lacking]);
    const { target } = ends(processOver(of));
    const copied = await copyGraph(madeSource([there, lacking, root]), target, {
      reference: root.digest as Digest,
      tags: ['v1' as Tag],
      referrers: true,
    });
    expect(copied).toMatchObject({ is: 'incomplete', of: lacking.digest });
    expect((await ask(of.app, 'GET', `/v2/${prod.repository}/manifests/v1`)).status).toBe(404);
  });

  it.each([
    ['the repository that it goes to', `/acr/v1/${prod.repository}`, 'writeEnabled'],
    ['the tag that it would move', `/acr/v1/${prod.repository}/_tags/v1`, 'writeEnabled'],
    ['the repository that it comes from', `/acr/v1/${dev.repository}`, 'readEnabled'],
    ['the tag that it is copied by', `/acr/v1/${dev.repository}/_tags/v1`, 'readEnabled'],
  ])('is refused by a lock of %s before anything is written', async (_, path, attribute) => {
    const { of } = await pushed();
    const other = makeImage('other', 0);
    await pushAll(of, [other], { other });
    await copy(processOver(of), { reference: 'other' as Tag, tags: ['v1' as Tag] });
    const locked = await ask(of.app, 'PATCH', path, { body: JSON.stringify({ [attribute]: false }) });
    expect(locked.status).toBe(200);
    const actor = processOver(of);
    await expect(copy(actor)).rejects.toMatchObject({ fault: { is: 'disallowed', attribute } });
    expect(commitsOf(actor)).toBe(0);
  });

  it('is refused by a lock of anything that it would bring', async () => {
    const { of, countersigned } = await pushed();
    const path = `/acr/v1/${dev.repository}/_manifests/${countersigned.digest}`;
    await ask(of.app, 'PATCH', path, { body: JSON.stringify({ readEnabled: false }) });
    await expect(copy(processOver(of))).rejects.toMatchObject({
      fault: { is: 'disallowed', what: `manifest ${countersigned.digest}` },
    });
    expect((await ask(of.app, 'GET', `/v2/${prod.repository}/manifests/v1`)).status).toBe(404);
  });

  it('is one of more manifests than are allowed, or of indexes in indexes without end', async () => {
    const { of, root } = await pushed();
    expect(await copy(processOver(of), { most: 5 })).toMatchObject({ is: 'too large' });
    let deep: Made = makeImage('deep', 0);
    const all = [deep];
    for (let depth = 0; depth < 40; depth += 1) all.push((deep = indexOf([deep])));
    const { target } = ends(processOver(of));
    const options = { reference: deep.digest as Digest, tags: ['v1' as Tag], referrers: false };
    expect(await copyGraph(madeSource(all), target, options)).toMatchObject({ is: 'too large' });
    const chain = [root];
    for (let depth = 0; depth < 40; depth += 1) chain.push(signing(chain.at(-1) ?? root, `chain ${depth}`));
    await pushBlobsOf(of, chain);
    const endless = copyGraph(madeSource([...graph().all, ...chain]), target, {
      reference: root.digest as Digest,
      tags: [],
      referrers: true,
    });
    expect(await endless).toMatchObject({ is: 'too large' });
  });
});

describe('a copy of more than a transaction holds', () => {
  it('holds no more than a transaction of its 1,000 referrers at once, and sets the tag last', async () => {
    const of = world();
    const root = makeImage('root', 1);
    const signatures = Array.from({ length: 1_000 }, (_, at) => signing(root, `one of many ${at}`));
    const shared = signatures.map((each) => ({ ...each, bytes: sharing(each), config: root.config }));
    const all: Made[] = [root, ...shared.map((each) => ({ ...each, digest: digestFor(each.bytes) }))];
    await pushBlobsOf(of, [root]);
    const source = madeSource(all);
    const { target } = ends(processOver(of));
    let [held, most, tagged] = [0, 0, 0];
    const copied = await copyGraph(
      { ...source, manifest: (digest) => ((most = Math.max(most, (held += 1))), source.manifest(digest)) },
      {
        ...target,
        push: async (images) => {
          held -= images.length;
          expect(tagged).toBe(0);
          tagged += images.filter(({ tags }) => tags.length > 0).length;
          const outcome = await target.push(images);
          expect(outcome).toBe('pushed');
          return outcome;
        },
      },
      { reference: root.digest as Digest, tags: ['v1' as Tag], referrers: true },
    );
    expect(copied).toMatchObject({ is: 'copied', digest: root.digest, pushed: all.length + 1 });
    expect(tagged).toBe(1);
    expect(most).toBeLessThan(120);
    const listed = await ask(of.app, 'GET', `/v2/${prod.repository}/referrers/${root.digest}`);
    expect(((await listed.json()) as { manifests: unknown[] }).manifests).toHaveLength(1_000);
  }, 120_000);

  /** With the config of `root`, so that a thousand of them need no thousand blobs. */
  function sharing(image: Made): Uint8Array {
    const { config } = JSON.parse(Buffer.from(makeImage('root', 1).bytes).toString()) as { config: object };
    const json = JSON.parse(Buffer.from(image.bytes).toString()) as { config: { digest: string } };
    return Buffer.from(JSON.stringify({ ...json, annotations: { of: json.config.digest }, config }));
  }
});

/** Copies, and dies on the way. */
async function killed(actor: Actor): Promise<void> {
  await copy(actor).catch((error: unknown) => {
    if (!(error instanceof Crash)) throw error;
  });
}

describe('a copy whose process dies', () => {
  it.each([
    ['before', 1],
    ['after', 1],
    ['before', 50],
    ['after', 50],
  ] as const)(
    '%s any of its calls shows no part of it by a tag, and is whole when it is made again (%i referrers)',
    async (moment, referrers) => {
      const calm = await pushed(referrers);
      const counted = processOver(calm.of);
      counted.calls.resetCounts();
      await copy(counted);
      const expected = await readable(calm.of, prod.repository, calm.all);
      for (const n of callsToFail(1, counted.calls.total(), 5, 60)) {
        const { of, all } = await pushed(referrers);
        const actor = processOver(of);
        if (moment === 'before') actor.calls.crashBefore(n);
        else actor.calls.crashAfter(n);
        await killed(actor);
        const between = await readable(of, prod.repository, all);
        if ('v1' in between.tags) expect({ ...between }, `crash ${moment} call ${n}`).toEqual(expected);
        expect(await copy(processOver(of))).toMatchObject({ is: 'copied' });
        expect(await readable(of, prod.repository, all), `crash ${moment} call ${n}`).toEqual(expected);
      }
    },
    600_000,
  );
});

describe('two copies of one image at once', () => {
  it.each([1, 50])(
    'both end, and it is there whole (%i referrers)',
    async (referrers) => {
      const { of, all } = await pushed(referrers);
      const [one, other] = [processOver(of), processOver(of)];
      let turn = 0;
      for (const { calls } of [one, other]) calls.delay(() => (turn += 1) % 3);
      const both = await Promise.all([copy(one), copy(other)]);
      expect(both.map(({ is }) => is)).toEqual(['copied', 'copied']);
      await expectEqual(of, all);
    },
    60_000,
  );
});

describe('a copy of any graph', () => {
  /** Each names earlier ones: as children, as its subject, or none. */
  const node = fc.record({
    children: fc.array(fc.nat(), { maxLength: 4 }),
    subject: fc.option(fc.nat(), { nil: undefined }),
    layers: fc.nat({ max: 2 }),
  });

  it('has everything readable in the target as it is in the source', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(node, { minLength: 1, maxLength: 12 }), fc.nat(), async (nodes, start) => {
        const of = world();
        const made: Made[] = [];
        for (const [at, { children, subject, layers }] of nodes.entries()) {
          const earlier = (index: number) => made[index % made.length] as Made;
          const about = subject === undefined || made.length === 0 ? {} : naming(earlier(subject));
          const extra = { ...about, annotations: { at: String(at) } };
          const listed = made.length === 0 ? [] : [...new Set(children.map(earlier))];
          made.push(listed.length === 0 ? makeImage(`node ${at % 3}`, layers, extra) : indexOf(listed, extra));
        }
        const root = made[start % made.length] as Made;
        await pushAll(of, made, { v1: root });
        const copied = await copy(processOver(of));
        expect(copied).toMatchObject({ is: 'copied', digest: root.digest });
        const expected = reached(made, root);
        expect(copied).toMatchObject({ pushed: expected.length });
        await expectEqual(of, expected);
        const rest = made.filter((each) => !expected.includes(each));
        const there = await readable(of, prod.repository, rest);
        expect(there.manifests.every((each) => each === 404)).toBe(true);
      }),
      { numRuns: sized(15, 200) },
    );
  }, 120_000);
});

/** Returns what a copy takes along: children and referrers, until nothing is added. */
function reached(all: readonly Made[], root: Made): Made[] {
  const json = ({ bytes }: Made) =>
    JSON.parse(Buffer.from(bytes).toString()) as { manifests?: { digest: string }[]; subject?: { digest: string } };
  const found = new Set([root.digest]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const each of all) {
      const { manifests = [], subject } = json(each);
      if (found.has(each.digest)) for (const { digest } of manifests) found.add(digest);
      if (subject !== undefined && found.has(subject.digest)) found.add(each.digest);
    }
  }
  return all.filter(({ digest }) => found.has(digest));
}
