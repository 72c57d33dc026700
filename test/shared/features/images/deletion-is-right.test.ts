import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { App } from '../../../../shared/app/app.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { sized } from '../../../deep.ts';
import { ask } from '../../image.ts';
import type { Pushed } from './viewed.ts';
import { api, pushIndex, pushWith, repository, subjectOf } from './viewed.ts';

/** Each manifest may list, name as its subject, or be named by its tag to be about, only what was made before it. */
const node = fc.record({
  isIndex: fc.boolean(),
  // Counted backwards, so that chains are long.
  of: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }),
  subject: fc.option(fc.nat(3), { nil: undefined, freq: 2 }),
  about: fc.option(fc.nat(3), { nil: undefined, freq: 2 }),
  tags: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.constantFrom(['a'], ['b']) }),
  isLocked: fc.nat(9).map((n) => n === 0),
});
const graph = fc.record({
  nodes: fc.array(node, { minLength: 2, maxLength: 8 }),
  deletions: fc.array(fc.record({ at: fc.nat(7), byTag: fc.nat(4).map((n) => n === 0) }), {
    minLength: 1,
    maxLength: 4,
  }),
});
type Node = typeof node extends fc.Arbitrary<infer T> ? T : never;

async function pushAll(app: App, nodes: readonly Node[]): Promise<Pushed[]> {
  const made: Pushed[] = [];
  for (const [n, { isIndex, of, subject, about, tags, isLocked }] of nodes.entries()) {
    const named = made[n - 1 - (subject ?? n)];
    const extra = { annotations: { n: String(n) }, ...(named === undefined ? {} : subjectOf(named)) };
    const signed = made[n - 1 - (about ?? n)];
    const names = signed === undefined ? tags : [...tags, `${signed.digest.replace(':', '-')}.sig${n}`];
    const children = of.flatMap((back) => made[n - 1 - back] ?? []).map((each) => ({ of: each }));
    for (const tag of names.length === 0 ? [undefined] : names)
      made[n] = isIndex
        ? await pushIndex(app, tag, children, extra)
        : await pushWith(app, tag, { layers: [`layer ${n % 3}`], manifest: extra });
    if (isLocked)
      await ask(app, 'PATCH', `/acr/v1/${repository}/_manifests/${made[n]?.digest ?? ''}`, {
        body: JSON.stringify({ deleteEnabled: false }),
        headers: { 'content-type': 'application/json' },
      });
  }
  return made;
}

/** All live manifests and tags. */
async function liveIn(app: App): Promise<{ manifests: string[]; tags: string[] }> {
  const [manifests, tags] = await Promise.all(
    ['_manifests', '_tags'].map(async (list) => {
      const answer = await ask(app, 'GET', `/acr/v1/${repository}/${list}?n=100`);
      return (await answer.json()) as { manifests?: { digest: string }[]; tags?: { name: string; digest: string }[] };
    }),
  );
  return {
    manifests: (manifests?.manifests ?? []).map(({ digest }) => digest),
    tags: (tags?.tags ?? []).map(({ name }) => name),
  };
}

const without = (all: readonly string[], left: readonly string[]) => all.filter((each) => !left.includes(each)).sort();

interface Preview {
  readonly goes: { readonly tags: string[]; readonly manifests: { readonly digest: string }[] };
  readonly stays: { readonly digest: string }[];
  readonly blockedBy?: object[];
}

async function deleteAsPreviewed(app: App, reference: string): Promise<void> {
  const before = await liveIn(app);
  const { goes, stays, blockedBy } = await api<Preview>(app, '/images/deletion', { repository, reference });
  expect(await liveIn(app), 'the preview changed something').toEqual(before);
  const { status } = await ask(app, 'DELETE', `/v2/${repository}/manifests/${reference}`);
  expect(status).toBe(blockedBy === undefined ? 202 : 405);
  const after = await liveIn(app);
  expect(without(before.manifests, after.manifests)).toEqual(goes.manifests.map(({ digest }) => digest).sort());
  expect(without(before.tags, after.tags)).toEqual([...goes.tags].sort());
  for (const { digest } of stays) expect(after.manifests).toContain(digest);
}

describe('the preview of a deletion', () => {
  it('is what the deletion then takes, whatever lists, refers to, signs or locks what', async () => {
    await fc.assert(
      fc.asyncProperty(graph, async ({ nodes, deletions }) => {
        const { app } = composeForTest();
        const made = await pushAll(app, nodes);
        for (const { at, byTag } of deletions) {
          const { manifests, tags } = await liveIn(app);
          const digest = made[at % made.length]?.digest ?? '';
          const tag = tags[at % Math.max(1, tags.length)];
          const reference = byTag && tag !== undefined ? tag : digest;
          if (reference === digest && !manifests.includes(digest)) continue;
          await deleteAsPreviewed(app, reference);
        }
      }),
      { numRuns: sized(60, 400) },
    );
  }, 300_000);
});
