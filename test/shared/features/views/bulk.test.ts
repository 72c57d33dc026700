import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import type { App } from '../../../../shared/app/app.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { callsToFail } from '../../../deep.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { binOf, makeIndex, naming, push, timedLongshore } from '../recycle-bin/binned.ts';
import { namesOf, send, tag, view } from './viewing.ts';

const repository = 'team/app';
const tags = `/repositories/tags?repository=${repository}&limit=100`;

interface Bulk {
  readonly id: string;
  readonly state: string;
  readonly matched: number;
  readonly deleted: number;
  readonly kept: readonly { readonly tag?: string; readonly digest?: string; readonly why: string }[];
  readonly keptCount: number;
  readonly group: string;
  readonly reason?: string;
  readonly undo?: {
    readonly state: string;
    readonly tags: number;
    readonly manifests: number;
    readonly taken: string[];
  };
}

const begin = (app: App, body: object) => send<Bulk>(app, '/bulk-deletions', { repository, ...body });
const read = (app: App, id: string) => view<Bulk>(app, `/bulk-deletions/${id}`);

async function ended(app: App, id: string): Promise<Bulk> {
  for (;;) {
    const bulk = await read(app, id);
    if (bulk.state !== 'running' && bulk.undo?.state !== 'running') return bulk;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function pushTags(app: App, ...names: readonly string[]): Promise<void> {
  const image = makeImage('one', 1);
  await pushImage(app, repository, names[0] ?? '', image);
  await tag(app, repository, image, ...names.slice(1));
}

describe('a bulk deletion', () => {
  it('takes all 500 tags that match and not only those that a page shows, and one call brings all of them back', async () => {
    const { app } = composeForTest();
    const names = Array.from({ length: 500 }, (_, n) => `pr-${n}`);
    await pushTags(app, 'v1', ...names);
    const { status, body } = await begin(app, { search: 'pr-*', expected: 500 });
    expect(status).toBe(202);
    expect(body).toMatchObject({ matched: 500, kept: [] });
    expect(await ended(app, body.id)).toMatchObject({ state: 'done', matched: 500, deleted: 500, keptCount: 0 });
    expect(await namesOf(app, tags)).toEqual(['v1']);
    expect((await send(app, `/bulk-deletions/${body.id}/undo`)).status).toBe(202);
    const undone = await ended(app, body.id);
    expect(undone.undo).toEqual({ state: 'done', tags: 500, manifests: 0, taken: [] });
    expect(await namesOf(app, tags)).toEqual([...names, 'v1']);
    expect(await binOf(app)).toEqual([]);
  });

  it('takes what is picked, what begins so, what is older, and nothing else', async () => {
    const longshore = timedLongshore();
    const { app } = longshore;
    await pushTags(app, 'a', 'b', 'v1', 'v1.1', 'v2');
    longshore.passTime(60_000);
    const middle = longshore.world.clock.now().toISOString();
    longshore.passTime(60_000);
    await tag(app, repository, makeImage('one', 1), 'v1.2');
    const run = async (body: object) => ended(app, (await begin(app, body)).body.id);
    expect(await run({ tags: ['a', 'absent'] })).toMatchObject({ state: 'done', matched: 1, deleted: 1 });
    expect(await namesOf(app, tags)).toEqual(['b', 'v1', 'v1.1', 'v1.2', 'v2']);
    const counted = { repository, search: 'v1', pushedBefore: middle };
    const preview = `/repositories/deletion?${new URLSearchParams(counted).toString()}`;
    expect(await view(app, preview)).toEqual({ repository, matched: 2 });
    expect(await run({ search: 'v1', pushedBefore: middle, expected: 2 })).toMatchObject({ matched: 2, deleted: 2 });
    expect(await view(app, preview)).toEqual({ repository, matched: 0 });
    expect(await namesOf(app, tags)).toEqual(['b', 'v1.2', 'v2']);
    expect(await run({ pushedBefore: middle })).toMatchObject({ matched: 2, deleted: 2 });
    expect(await namesOf(app, tags)).toEqual(['v1.2']);
    const list = await view<{ items: Bulk[] }>(app, '/bulk-deletions');
    expect(list.items).toHaveLength(3);
  });

  it('respects locks and says what it keeps, and why', async () => {
    const { app } = composeForTest();
    await pushTags(app, 'v1', 'v2', 'v3');
    await ask(app, 'PATCH', `/acr/v1/${repository}/_tags/v2`, { body: JSON.stringify({ deleteEnabled: false }) });
    const bulk = await ended(app, (await begin(app, { search: 'v' })).body.id);
    expect(bulk).toMatchObject({ matched: 3, deleted: 2, keptCount: 1, kept: [{ tag: 'v2' }] });
    expect(bulk.kept[0]?.why).toContain('locked');
    expect(await namesOf(app, tags)).toEqual(['v2']);
    await ask(app, 'PATCH', `/acr/v1/${repository}`, { body: JSON.stringify({ deleteEnabled: false }) });
    const refused = await ended(app, (await begin(app, { search: 'v' })).body.id);
    expect(refused).toMatchObject({ state: 'failed', deleted: 0 });
    expect(refused.reason).toContain('deleteEnabled');
  });

  it('that a lock of the repository stops counts what is gone, and is undone once the lock is off', async () => {
    const calls = new CallPlan();
    const { app } = composeForTest({ connection: { calls, chance: 'none' } });
    const names = Array.from({ length: 100 }, (_, n) => `t${n}`);
    await pushTags(app, 'v1', ...names);
    const lock = (attributes: object) =>
      ask(app, 'PATCH', `/acr/v1/${repository}`, { body: JSON.stringify(attributes) });
    let locked: Promise<unknown> | undefined;
    calls.delay(async ({ name, input }) => {
      // The second step has been written: the first one is over.
      if (locked === undefined && name === 'documents.commit' && JSON.stringify(input).includes('"deleted":32')) {
        locked = lock({ deleteEnabled: false });
        await locked;
      }
    });
    const { body } = await begin(app, { search: 't' });
    const stopped = await ended(app, body.id);
    expect(stopped).toMatchObject({ state: 'failed' });
    expect(stopped.reason).toContain('deleteEnabled');
    expect(stopped.deleted).toBe(100 - ((await namesOf(app, tags)).length - 1));
    calls.clearFaults();
    await lock({ deleteEnabled: true, writeEnabled: false });
    expect((await send(app, `/bulk-deletions/${body.id}/undo`)).status).toBe(202);
    const refused = await ended(app, body.id);
    expect(refused.undo).toMatchObject({ state: 'failed', tags: 0, manifests: 0 });
    expect(refused.reason).toContain('writeEnabled');
    await lock({ writeEnabled: true });
    expect((await send(app, `/bulk-deletions/${body.id}/undo`)).status).toBe(202);
    expect((await ended(app, body.id)).undo).toMatchObject({ state: 'done', tags: stopped.deleted, taken: [] });
    expect(await namesOf(app, tags)).toHaveLength(101);
  });

  it('leaves a tag that has moved or was pushed again since it was asked for', async () => {
    const longshore = timedLongshore();
    const { app, world } = longshore;
    const names = Array.from({ length: 40 }, (_, n) => `t${String(n).padStart(2, '0')}`);
    await pushTags(app, ...names);
    const calls = new CallPlan();
    const slow = composeForTest({ world, connection: { calls } });
    const other = makeImage('other', 1);
    let moving: Promise<void> | undefined;
    const move = async () => {
      longshore.passTime(1_000);
      await pushImage(app, repository, 't20', other);
      await tag(app, repository, makeImage('one', 1), 't39');
    };
    calls.delay(async ({ name, input }) => {
      if (name === 'documents.commit' && JSON.stringify(input).includes('binned-tag')) await (moving ??= move());
    });
    const bulk = await ended(app, (await begin(slow.app, { search: 't*' })).body.id);
    expect(moving).toBeDefined();
    expect(await namesOf(app, tags)).toEqual(['t20', 't39']);
    expect(bulk).toMatchObject({ state: 'done', matched: 40, deleted: 38 });
  });

  it('takes manifests that nothing names, and leaves what a tag, an index or a subject names', async () => {
    const { app } = composeForTest();
    const [tagged, child, alone, moved] = ['tagged', 'child', 'alone', 'moved'].map((seed) => makeImage(seed, 1)) as [
      ReturnType<typeof makeImage>,
      ReturnType<typeof makeImage>,
      ReturnType<typeof makeImage>,
      ReturnType<typeof makeImage>,
    ];
    await pushImage(app, repository, 'v1', moved);
    await pushImage(app, repository, 'v1', tagged);
    await pushImage(app, repository, child.digest, child);
    await pushImage(app, repository, alone.digest, alone);
    await push(app, repository, 'multi', makeIndex([child]));
    const signature = makeImage('signature', 1, naming(tagged));
    await pushImage(app, repository, signature.digest, signature);
    const untagged = async () =>
      (
        await view<{ items: { digest: string }[] }>(
          app,
          `/repositories/manifests?repository=${repository}&kind=untagged&order=asc`,
        )
      ).items.map(({ digest }) => digest);
    expect(new Set(await untagged())).toEqual(new Set([moved.digest, alone.digest]));
    const bulk = await ended(app, (await begin(app, { untagged: true, expected: 2 })).body.id);
    expect(bulk).toMatchObject({ state: 'done', matched: 2, deleted: 2, keptCount: 0 });
    expect(await untagged()).toEqual([]);
    const all = await view<{ items: object[] }>(app, `/repositories/manifests?repository=${repository}`);
    expect(all.items).toHaveLength(4);
    await send(app, `/bulk-deletions/${bulk.id}/undo`);
    expect((await ended(app, bulk.id)).undo).toMatchObject({ manifests: 2, tags: 0 });
    expect(new Set(await untagged())).toEqual(new Set([moved.digest, alone.digest]));
  });

  it('deletes nothing when another number matches than the caller has seen, or when nothing is named', async () => {
    const { app } = composeForTest();
    await pushTags(app, 'v1', 'v2');
    const changed = await begin(app, { search: 'v', expected: 3 });
    expect(changed).toMatchObject({ status: 409, body: { errors: [{ code: 'countChanged' }] } });
    for (const body of [
      {},
      { tags: [] },
      { untagged: false },
      { tags: ['v1'], search: 'v' },
      { untagged: true, search: 'v' },
      { search: '' },
      { tags: ['../x'] },
      { repository: '../../x', search: 'v' },
    ])
      expect((await begin(app, body)).status, JSON.stringify(body)).toBe(400);
    expect((await begin(app, { repository: 'team/none', search: 'v' })).status).toBe(404);
    expect(await namesOf(app, tags)).toEqual(['v1', 'v2']);
    expect((await view<{ items: object[] }>(app, '/bulk-deletions')).items).toEqual([]);
  });

  it('is cancelled between two steps, says how much is gone, and what is gone comes back', async () => {
    const longshore = timedLongshore();
    const names = Array.from({ length: 100 }, (_, n) => `t${n}`);
    await pushTags(longshore.app, ...names);
    const calls = new CallPlan();
    const { app } = composeForTest({ world: longshore.world, connection: { calls } });
    let [seen, id] = [0, ''];
    const cancelled = Promise.withResolvers<number>();
    calls.delay(async ({ name, input }) => {
      if (name !== 'documents.commit' || !JSON.stringify(input).includes('binned-tag') || (seen += 1) !== 40) return;
      const { items } = await view<{ items: Bulk[] }>(longshore.app, '/bulk-deletions');
      id = items[0]?.id ?? '';
      cancelled.resolve((await send(longshore.app, `/bulk-deletions/${id}/cancel`)).status);
    });
    await begin(app, { search: 't' });
    expect(await cancelled.promise).toBe(200);
    let bulk = await read(app, id);
    for (let n = 0; n < 200 && bulk.deleted < 64; n++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      bulk = await read(app, id);
    }
    expect(bulk).toMatchObject({ state: 'cancelled', matched: 100, deleted: 64 });
    expect(await namesOf(app, tags)).toHaveLength(36);
    expect((await send(app, `/bulk-deletions/${id}/cancel`)).status).toBe(409);
    expect((await send(app, `/bulk-deletions/${id}/undo`)).status).toBe(202);
    expect((await ended(app, id)).undo).toMatchObject({ state: 'done', tags: 64 });
    expect(await namesOf(app, tags)).toHaveLength(100);
  });

  it('undone, leaves a tag in the bin whose name has another manifest by now, and says so', async () => {
    const { app } = composeForTest();
    await pushTags(app, 'v1', 'v2');
    const { id } = await ended(app, (await begin(app, { search: 'v' })).body.id);
    await pushImage(app, repository, 'v1', makeImage('new', 1));
    await send(app, `/bulk-deletions/${id}/undo`);
    expect((await ended(app, id)).undo).toMatchObject({ tags: 1, taken: ['v1'] });
    expect(await namesOf(app, tags)).toEqual(['v1', 'v2']);
  });

  it('side by side with another of the same tags, deletes each tag once', async () => {
    const { app } = composeForTest();
    await pushTags(app, ...Array.from({ length: 60 }, (_, n) => `t${n}`));
    const both = await Promise.all([begin(app, { search: 't' }), begin(app, { search: 't*' })]);
    const [one, two] = await Promise.all(both.map(({ body }) => ended(app, body.id)));
    expect([one?.state, two?.state]).toEqual(['done', 'done']);
    expect(await namesOf(app, tags)).toEqual([]);
    const gone = await binOf(app);
    expect(gone).toHaveLength(60);
    expect((one?.deleted ?? 0) + (two?.deleted ?? 0)).toBe(60);
  });
});

describe('a bulk deletion whose process dies at any store call', () => {
  const names = Array.from({ length: 34 }, (_, n) => `t${n}`);

  async function prepared() {
    const longshore = timedLongshore();
    await pushTags(longshore.app, 'keep', ...names);
    return longshore;
  }

  async function total(): Promise<number> {
    const { world } = await prepared();
    const calls = new CallPlan();
    const { app } = composeForTest({ world, connection: { calls } });
    calls.resetCounts();
    const { body } = await begin(app, { search: 't' });
    await ended(composeForTest({ world }).app, body.id);
    return calls.total();
  }

  it('is carried on by the timer of the next, each tag is counted once, and it is undone whole', async () => {
    for (const n of callsToFail(1, await total()))
      for (const moment of ['crashBefore', 'crashAfter'] as const) {
        const longshore = await prepared();
        const calls = new CallPlan();
        const dying = composeForTest({ world: longshore.world, connection: { calls } });
        calls.resetCounts();
        calls[moment](n);
        await begin(dying.app, { search: 't' }).catch(() => undefined);
        const next = longshore.another();
        longshore.passTime(61_000);
        await next.timers['views-work']();
        const { items } = await view<{ items: Bulk[] }>(next.app, '/bulk-deletions');
        const [bulk] = items;
        // It died before it had begun: then nothing is deleted.
        if (bulk === undefined) {
          expect(await namesOf(next.app, tags)).toHaveLength(35);
          continue;
        }
        expect(bulk, `${moment} ${n}`).toMatchObject({ state: 'done', matched: 34, deleted: 34, keptCount: 0 });
        expect(await namesOf(next.app, tags)).toEqual(['keep']);
        const entries = await binOf(next.app);
        expect(new Set(entries.map(({ group }) => group))).toEqual(new Set([bulk.group]));
        await send(next.app, `/bulk-deletions/${bulk.id}/undo`);
        expect((await ended(next.app, bulk.id)).undo).toMatchObject({ tags: 34 });
        expect(await namesOf(next.app, tags)).toHaveLength(35);
      }
  }, 300_000);
});
