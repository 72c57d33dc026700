import { describe, expect, it } from 'vitest';
import { ask, makeImage, pushImage } from '../../image.ts';
import { runDue } from '../../run-due.ts';
import { publishedTypes } from '../acr/asking.ts';
import { binOf, makeIndex, naming, push, statusOf } from '../recycle-bin/binned.ts';
import { approve, call, currentPlan, explained, planOf, policed, putPolicy, start, tagsOf } from './policed.ts';

const repository = 'team/app';
/** Not by a pull, which would bring back what a policy took. */
const at = (reference: string) =>
  `/acr/v1/${repository}/${reference.startsWith('sha256:') ? '_manifests' : '_tags'}/${reference}`;
/** A brake that stops nothing, where the test is not about it. */
const loose = { brakePercent: 100 };

describe('the policy that every registry has', () => {
  it('is off, plans what it would remove, and removes nothing', async () => {
    const longshore = policed();
    const { app } = longshore;
    await pushImage(app, repository, 'latest', makeImage('a'));
    await pushImage(app, repository, '1.2.3', makeImage('b'));
    await pushImage(app, repository, 'feature', makeImage('c'));
    const { body } = await call(app, 'GET', '/purge/policies');
    expect(body.items as unknown).toMatchObject([
      { name: 'default', on: false, policy: { brakePercent: 20, retentionDays: 14 } },
    ]);
    longshore.passDays(91);
    expect(tagsOf(await planOf(app, 'default'))).toEqual(['feature']);
    for (let n = 0; n < 3; n += 1) {
      longshore.passDays(7);
      await longshore.timers['purge-mark']();
    }
    expect(await binOf(app)).toEqual([]);
  });

  it('removes manifests a week after they were first seen without a tag', async () => {
    const longshore = policed();
    const { app } = longshore;
    const [old, next] = [makeImage('old'), makeImage('next')];
    await pushImage(app, repository, 'latest', old);
    longshore.passDays(100);
    longshore.pull(repository, 'latest');
    longshore.pull(repository, old.digest);
    await pushImage(app, repository, 'latest', next);
    await longshore.deliver();
    longshore.passDays(6.9);
    expect((await planOf(app, 'default')).items).toEqual([]);
    longshore.passDays(0.2);
    const plan = await planOf(app, 'default');
    expect(plan.items).toMatchObject([
      {
        kind: 'manifest',
        digest: old.digest,
        rule: 'untagged',
        why: expect.stringContaining('untagged for 7 days') as string,
      },
    ]);
    expect(plan.items[0]?.evidence).toMatchObject({ untaggedSince: new Date(start + 100 * 86_400_000).toISOString() });
  });
});

describe('a plan', () => {
  it('is carried out when its hash is presented, and then its policy runs by itself', async () => {
    const longshore = policed();
    const { app } = longshore;
    for (const name of ['one', 'two', 'kept']) await pushImage(app, repository, name, makeImage(name));
    await putPolicy(app, {
      ...loose,
      remove: [{ name: 'old', olderThanDays: 30 }],
      keep: [{ name: 'mine', tags: ['k*'] }],
    });
    longshore.passDays(31);
    const plan = await planOf(app);
    expect([tagsOf(plan), plan.state]).toEqual([['one', 'two'], 'awaiting']);
    const refused = await approve(app, { hash: 'f'.repeat(64) });
    expect([refused.status, refused.body.errors?.[0]?.message]).toEqual([
      409,
      expect.stringContaining('read the plan, and approve it by its own hash'),
    ]);
    expect(await approve(app, plan)).toMatchObject({
      status: 200,
      body: { state: 'done', outcome: { manifests: 2, tags: 2, stayed: 0 } },
    });
    expect([await statusOf(app, at('one')), await statusOf(app, at('kept'))]).toEqual([404, 200]);
    expect((await binOf(app)).map(({ by }) => by.rule)).toEqual(Array(4).fill('nightly/old'));
    await pushImage(app, repository, 'three', makeImage('three'));
    await longshore.deliver();
    longshore.passDays(32);
    await longshore.timers['purge-mark']();
    expect(await statusOf(app, at('three'))).toBe(404);
    expect(publishedTypes(longshore)).toContain('Longshore.PurgePlanned');
  });

  it('that is not the current one any more is refused by its hash', async () => {
    const longshore = policed();
    const { app } = longshore;
    await pushImage(app, repository, 'one', makeImage('one'));
    await putPolicy(app, { ...loose, remove: [{ name: 'old', olderThanDays: 30 }] });
    longshore.passDays(31);
    const first = await planOf(app);
    expect((await planOf(app)).hash).toBe(first.hash);
    await pushImage(app, repository, 'one', makeImage('another'));
    const second = await planOf(app);
    expect(second.hash).not.toBe(first.hash);
    expect((await approve(app, first)).status).toBe(409);
    await putPolicy(app, { ...loose, remove: [{ name: 'old', olderThanDays: 29 }] });
    const stale = await approve(app, second);
    expect([stale.status, stale.body.errors?.[0]?.message]).toEqual([
      409,
      expect.stringContaining('changed since this plan was made'),
    ]);
  });

  it('is judged again: images that were pulled, pushed, locked, pinned or restored since stay', async () => {
    const longshore = policed();
    const { app } = longshore;
    const images = new Map(['pulled', 'pushed', 'locked', 'pinned', 'goes'].map((name) => [name, makeImage(name)]));
    for (const [name, image] of images) await pushImage(app, repository, name, image);
    await putPolicy(app, { ...loose, remove: [{ name: 'unused', notPulledDays: 30 }] });
    longshore.passDays(31);
    const plan = await planOf(app);
    expect(plan.tags).toBe(5);
    longshore.pull(repository, 'pulled');
    await pushImage(app, repository, 'pushed', images.get('pushed') ?? makeImage('x'));
    await ask(app, 'PATCH', `/acr/v1/${repository}/_tags/locked`, { body: JSON.stringify({ writeEnabled: false }) });
    await call(app, 'PUT', '/in-use/west', { digests: [images.get('pinned')?.digest], ttlSeconds: 3600 });
    const { body } = await approve(app, plan);
    expect(body).toMatchObject({ state: 'done', outcome: { manifests: 1, tags: 1, stayed: 4 } });
    const outcomes = new Map((body.items ?? []).map(({ tag, outcome }) => [tag, outcome]));
    expect(outcomes.get('goes')).toBe('recycled');
    expect(outcomes.get('locked')).toContain('writeEnabled of tag locked is false');
    expect(outcomes.get('pinned')).toContain('west says that it is in use');
    for (const name of ['pulled', 'pushed', 'locked', 'pinned']) expect(await statusOf(app, at(name))).toBe(200);
  });

  it('lists the images that an attribute keeps, and says so', async () => {
    const longshore = policed();
    const { app } = longshore;
    const image = makeImage('locked');
    await pushImage(app, repository, 'v1', image);
    await ask(app, 'PATCH', `/acr/v1/${repository}/_manifests/${image.digest}`, {
      body: JSON.stringify({ deleteEnabled: false }),
    });
    await putPolicy(app, { ...loose, remove: [{ name: 'old', olderThanDays: 30 }] });
    longshore.passDays(31);
    const plan = await planOf(app);
    expect(plan).toMatchObject({
      items: [],
      kept: 1,
      keptItems: [{ why: `deleteEnabled of manifest ${image.digest} is false` }],
    });
  });

  it('removes an index with its children and signatures, and leaves those that another index or a pin keeps', async () => {
    const longshore = policed();
    const { app } = longshore;
    const [own, shared, other] = [makeImage('own'), makeImage('shared'), makeImage('other')];
    for (const image of [own, shared, other]) await pushImage(app, repository, image.digest, image);
    const [index, live] = [makeIndex([own, shared]), makeIndex([shared, other])];
    await push(app, repository, 'old', index);
    const signature = makeImage('signature', 1, naming(index));
    await pushImage(app, repository, signature.digest, signature);
    await push(app, repository, 'live', live);
    await putPolicy(app, { ...loose, remove: [{ name: 'old', olderThanDays: 30, tags: ['old'] }] });
    longshore.passDays(31);
    const plan = await planOf(app);
    expect(
      plan.items
        .filter(({ kind }) => kind === 'manifest')
        .map(({ digest }) => digest)
        .toSorted(),
    ).toEqual([index.digest, own.digest, signature.digest].toSorted());
    await call(app, 'PUT', '/in-use/west', { digests: [own.digest], ttlSeconds: 3600 });
    expect((await planOf(app)).items).toEqual([]);
    expect(
      (await explained(app, `${repository}:old`)).policies.find(({ policy }) => policy === 'nightly')?.tags,
    ).toMatchObject([{ verdict: 'keep', rule: 'part', why: expect.stringContaining('west says') as string }]);
    longshore.passDays(1);
    await approve(app, await planOf(app));
    for (const digest of [shared.digest, other.digest, live.digest]) expect(await statusOf(app, at(digest))).toBe(200);
    for (const digest of [own.digest, index.digest, signature.digest])
      expect(await statusOf(app, at(digest))).toBe(404);
  });

  it('leaves a child of an index that has a tag of its own', async () => {
    const longshore = policed();
    const { app } = longshore;
    const [child, other] = [makeImage('child'), makeImage('other')];
    await pushImage(app, repository, 'child', child);
    await pushImage(app, repository, other.digest, other);
    await push(app, repository, 'index', makeIndex([child, other]));
    await putPolicy(app, {
      ...loose,
      remove: [{ name: 'old', olderThanDays: 30 }],
      keep: [{ name: 'children', tags: ['child'] }],
    });
    longshore.passDays(31);
    const plan = await planOf(app);
    expect([plan.manifests, tagsOf(plan)]).toEqual([2, ['index']]);
    expect((await approve(app, plan)).body).toMatchObject({ outcome: { manifests: 2, stayed: 0 } });
    expect([
      await statusOf(app, at('child')),
      await statusOf(app, at(child.digest)),
      await statusOf(app, at(other.digest)),
    ]).toEqual([200, 200, 404]);
  });

  it('removes a child that two indexes list when both are removed', async () => {
    const longshore = policed();
    const { app } = longshore;
    const shared = makeImage('shared');
    await pushImage(app, repository, shared.digest, shared);
    for (const name of ['a', 'b']) await push(app, repository, name, makeIndex([shared], { annotations: { name } }));
    await putPolicy(app, { ...loose, remove: [{ name: 'old', olderThanDays: 30 }] });
    longshore.passDays(31);
    const plan = await planOf(app);
    expect([plan.manifests, plan.tags]).toEqual([3, 2]);
    expect((await approve(app, plan)).body).toMatchObject({ outcome: { manifests: 3, tags: 2, stayed: 0 } });
    expect(await statusOf(app, at(shared.digest))).toBe(404);
  });

  it('says to the byte how much is freed in Blob Storage, and the purge frees it', async () => {
    const longshore = policed();
    const { app, world } = longshore;
    const stored = () =>
      world
        .region()
        .blobs.names()
        .reduce((sum, name) => sum + (world.region().blobs.get(name)?.size ?? 0), 0);
    const layered = (seed: string, layers: string) => makeImage(seed, 3, {}, layers);
    await pushImage(app, repository, 'goes', layered('goes', 'base'));
    await pushImage(app, repository, 'stays', layered('stays', 'base'));
    await pushImage(app, repository, 'alone', makeImage('alone', 2));
    await pushImage(app, 'team/other', 'goes', makeImage('twin'));
    await pushImage(app, repository, 'twin', makeImage('twin'));
    await pushImage(app, repository, 'large', makeImage('large', 1, { annotations: { large: 'x'.repeat(200_000) } }));
    await putPolicy(app, {
      ...loose,
      repositories: { include: [repository] },
      remove: [{ name: 'old', olderThanDays: 30 }],
      keep: [{ name: 'stays', tags: ['stays'] }],
    });
    longshore.passDays(31);
    const before = stored();
    const plan = await planOf(app);
    expect(plan.bytes).toBe(plan.items.reduce((sum, { bytes }) => sum + bytes, 0));
    await approve(app, plan);
    for (const days of [14, 1.1, 1.1, 1.1]) {
      longshore.passDays(days);
      await runDue(longshore);
    }
    expect(before - stored()).toBe(plan.bytes);
    expect(plan.bytes).toBeGreaterThan(200_000);
  });
});

describe('the brake', () => {
  it('stops a run that would remove too much of a repository, and asks for approval', async () => {
    const longshore = policed();
    const { app } = longshore;
    for (let n = 0; n < 10; n += 1) await pushImage(app, repository, `t${n}`, makeImage(`t${n}`, 0));
    await putPolicy(app, {
      remove: [{ name: 'old', olderThanDays: 30 }],
      keep: [{ name: 'most', tags: ['t*'], newest: 9 }],
    });
    longshore.passDays(31);
    await approve(app, await planOf(app));
    expect(await binOf(app)).toHaveLength(2);
    for (let n = 10; n < 15; n += 1) {
      longshore.passDays(1);
      await pushImage(app, repository, `t${n}`, makeImage(`t${n}`, 0));
    }
    await longshore.deliver();
    longshore.passDays(31);
    await longshore.timers['purge-mark']();
    expect(await binOf(app)).toHaveLength(2);
    const plan = await currentPlan(app);
    expect(plan).toMatchObject({
      state: 'awaiting',
      over: [{ repository, going: 5, of: 14, what: 'manifests' }, { what: 'tags' }],
    });
    expect(publishedTypes(longshore)).toContain('Longshore.BrakeApplied');
    expect((await approve(app, plan)).body).toMatchObject({ state: 'done', outcome: { manifests: 5 } });
  });
});

describe('a rule on last pull', () => {
  it('is refused until pulls have been tracked for as many days as it needs', async () => {
    const longshore = policed({ trackedDays: 10 });
    const { status, body } = await call(longshore.app, 'PUT', '/purge/policies/nightly', {
      remove: [{ name: 'unused', notPulledDays: 90 }],
    });
    expect([status, body.errors?.[0]?.message]).toEqual([
      409,
      expect.stringContaining(
        'the rule "unused" removes images that were not pulled for 90 days, but pulls of this registry have been tracked for 10 days',
      ),
    ]);
    longshore.passDays(80);
    await putPolicy(longshore.app, { remove: [{ name: 'unused', notPulledDays: 90 }] });
  });

  it('of the default policy waits, and the policy says so', async () => {
    const longshore = policed({ trackedDays: 10 });
    const { app } = longshore;
    await pushImage(app, repository, 'v', makeImage('v'));
    longshore.passDays(20);
    const { body } = await call(app, 'GET', '/purge/policies/default');
    expect(body.waiting).toEqual([expect.stringContaining('tracked for 30 days')]);
    expect((await explained(app, `${repository}:v`)).policies[0]?.tags).toMatchObject([
      { verdict: 'not-yet', rule: 'not-pulled', dueAt: '2026-04-01T00:00:00.000Z' },
    ]);
  });
});

describe('a deletion by a policy', () => {
  it('is restored whole, stays in the recycle bin for its retention, and is purged after it otherwise', async () => {
    const longshore = policed();
    const { app } = longshore;
    for (const name of ['one', 'two']) await pushImage(app, repository, name, makeImage(name));
    await putPolicy(app, { ...loose, retentionDays: 5, remove: [{ name: 'old', olderThanDays: 30 }] });
    longshore.passDays(31);
    const { body } = await approve(app, await planOf(app));
    const [one] = (body.items ?? []).filter(({ tag }) => tag === 'one');
    expect((await call(app, 'POST', '/bin/restore', { repository, group: one?.group })).status).toBe(200);
    await longshore.deliver();
    longshore.passDays(4);
    await longshore.timers['purge-mark']();
    expect(await statusOf(app, at('one'))).toBe(200);
    expect(
      (await explained(app, `${repository}:one`)).policies.find(({ policy }) => policy === 'nightly')?.tags,
    ).toMatchObject([{ verdict: 'keep', rule: 'held' }]);
    longshore.passDays(1.1);
    await runDue(longshore);
    expect(await binOf(app)).toEqual([]);
    expect(await statusOf(app, at('one'))).toBe(200);
  });
});
