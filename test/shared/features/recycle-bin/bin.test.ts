import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { callsToFail } from '../../../deep.ts';
import { ask, makeImage, pushBlob, pushImage } from '../../image.ts';
import { runDue } from '../../run-due.ts';
import { publishedTypes } from '../acr/asking.ts';
import { binOf, day, everythingOf, hour, makeIndex, naming, post, push, statusOf, timedLongshore } from './binned.ts';

const repository = 'team/app';
const at = (reference: string) => `/v2/${repository}/manifests/${reference}`;

/** An index of two images, tagged, and a signature of it and of the first image. */
async function pushSigned(app: Parameters<typeof pushImage>[0]) {
  const children = [makeImage('amd64', 1), makeImage('arm64', 1)];
  const index = makeIndex(children);
  const signatures = [
    makeImage('signature of index', 1, naming(index)),
    makeImage('signature of image', 1, naming(children[0] ?? index)),
  ];
  for (const image of children) await pushImage(app, repository, image.digest, image);
  await push(app, repository, 'v1', index);
  await push(app, repository, 'latest', index);
  for (const image of signatures) await pushImage(app, repository, image.digest, image);
  return { index, children, signatures, all: [index, ...children, ...signatures] };
}

describe('deleting an index', () => {
  it('takes its tags, its children and its signatures along, and hides them all', async () => {
    const { app } = timedLongshore();
    const { index, all } = await pushSigned(app);
    expect(await statusOf(app, at(index.digest), 'DELETE')).toBe(202);
    for (const reference of ['v1', 'latest', ...all.map(({ digest }) => digest)])
      expect(await statusOf(app, at(reference))).toBe(404);
    expect(await everythingOf(app, repository)).toMatchObject({ tags: { tags: [] }, manifests: { manifests: [] } });
    const entries = await binOf(app, `&repository=${repository}`);
    expect(entries.map(({ kind, digest, tag }) => [kind, tag ?? digest]).toSorted()).toEqual(
      [...all.map(({ digest }) => ['manifest', digest]), ['tag', 'latest'], ['tag', 'v1']].toSorted(),
    );
    expect(new Set(entries.map(({ group }) => group)).size).toBe(1);
    expect(entries.filter(({ asked }) => asked).map(({ digest }) => digest)).toEqual([index.digest]);
    expect(await binOf(app)).toEqual(entries);
  });

  it('is undone whole by one call', async () => {
    const { app, passTime } = timedLongshore();
    const { index } = await pushSigned(app);
    await ask(app, 'PATCH', `/acr/v1/${repository}/_tags/v1`, { body: JSON.stringify({ listEnabled: false }) });
    const before = await everythingOf(app, repository);
    passTime(hour);
    await statusOf(app, at(index.digest), 'DELETE');
    passTime(day);
    const [first] = await binOf(app);
    expect(await post(app, '/api/v1/bin/restore', { repository, digest: index.digest })).toMatchObject({
      status: 200,
      body: { tags: ['latest', 'v1'], taken: [] },
    });
    expect(await everythingOf(app, repository)).toEqual(before);
    expect(await binOf(app)).toEqual([]);
    expect((await post(app, '/api/v1/bin/restore', { repository, group: first?.group })).status).toBe(404);
  });

  it('of an image with more tags than one batch brings back is undone with all of them, also by who goes on after a crash', async () => {
    const names = Array.from({ length: 45 }, (_, n) => `v${String(n).padStart(2, '0')}`);
    const tagsIn = async (app: Parameters<typeof pushImage>[0]) =>
      ((await (await ask(app, 'GET', `/v2/${repository}/tags/list`)).json()) as { tags: string[] }).tags;
    for (const dies of [false, true]) {
      const longshore = timedLongshore();
      const image = makeImage('many tags', 0);
      for (const name of names) await pushImage(longshore.app, repository, name, image);
      expect(await statusOf(longshore.app, at(image.digest), 'DELETE')).toBe(202);
      const calls = new CallPlan();
      let batches = 0;
      if (dies)
        calls.failOn(
          ({ name, input }) =>
            name === 'documents.commit' && JSON.stringify(input).includes('"tag:') && (batches += 1) > 1,
        );
      const restoring = composeForTest({ world: longshore.world, connection: { calls } });
      await post(restoring.app, '/api/v1/bin/restore', { repository, digest: image.digest }).catch(() => undefined);
      if (dies) expect((await tagsIn(longshore.app)).length).toBeLessThan(45);
      longshore.passTime(hour);
      await runDue(longshore);
      expect(await tagsIn(longshore.app)).toEqual(names);
      expect(await binOf(longshore.app)).toEqual([]);
    }
  });

  it('leaves what something else keeps: a tag, another index, a lock, a live subject', async () => {
    const { app } = timedLongshore();
    const { index, children } = await pushSigned(app);
    const [first, second] = children;
    if (first === undefined || second === undefined) throw new Error('no children');
    await push(app, repository, 'other', makeIndex([first]));
    await ask(app, 'PATCH', `/acr/v1/${repository}/_manifests/${second.digest}`, {
      body: JSON.stringify({ deleteEnabled: false }),
    });
    await statusOf(app, at(index.digest), 'DELETE');
    for (const kept of ['other', first.digest, second.digest]) expect(await statusOf(app, at(kept))).toBe(200);
    const referrers = (await (await ask(app, 'GET', `/v2/${repository}/referrers/${first.digest}`)).json()) as {
      manifests: unknown[];
    };
    expect(referrers.manifests).toHaveLength(1);
    expect((await binOf(app)).filter(({ kind }) => kind === 'manifest')).toHaveLength(2);
  });

  it('is refused for what is locked, and moves nothing', async () => {
    const { app } = timedLongshore();
    const { index } = await pushSigned(app);
    for (const path of [`_tags/v1`, `_manifests/${index.digest}`]) {
      await ask(app, 'PATCH', `/acr/v1/${repository}/${path}`, { body: JSON.stringify({ writeEnabled: false }) });
      expect(await statusOf(app, at(index.digest), 'DELETE')).toBe(405);
      await ask(app, 'PATCH', `/acr/v1/${repository}/${path}`, { body: JSON.stringify({ writeEnabled: true }) });
    }
    expect(await binOf(app)).toEqual([]);
  });

  it('that is interrupted at any store call is undone by restoring, or goes on by itself', async () => {
    const calm = new CallPlan();
    const trial = async (plan: CallPlan) => {
      const longshore = timedLongshore();
      const { index, all } = await pushSigned(longshore.app);
      const before = await everythingOf(longshore.app, repository);
      await statusOf(
        composeForTest({ world: longshore.world, connection: { calls: plan } }).app,
        at(index.digest),
        'DELETE',
      );
      return { ...longshore, before, index, all };
    };
    await trial(calm);
    for (const n of callsToFail(1, calm.total())) {
      const undone = await trial(new CallPlan().crashAfter(n));
      const [entry] = await binOf(undone.app);
      if (entry !== undefined)
        expect((await post(undone.app, '/api/v1/bin/restore', { repository, group: entry.group })).status).toBe(200);
      expect(await everythingOf(undone.app, repository), `crash after ${n}`).toEqual(undone.before);
      const resumed = await trial(new CallPlan().crashAfter(n));
      if ((await binOf(resumed.app)).length === 0) continue;
      resumed.passTime(2 * 60_000);
      await runDue(resumed);
      expect(
        (await binOf(resumed.app)).filter(({ kind }) => kind === 'manifest'),
        `crash after ${n}`,
      ).toHaveLength(resumed.all.length);
    }
  }, 600_000);

  it('tells of each step, and usage follows it there and back', async () => {
    const longshore = timedLongshore();
    const { index } = await pushSigned(longshore.app);
    const usage = async () => {
      for (const event of longshore.world.region().events.log) await longshore.events['usage-record'](event);
      return (await ask(longshore.app, 'GET', `/api/v1/usage?repository=${repository}`)).json();
    };
    const before = await usage();
    await statusOf(longshore.app, at(index.digest), 'DELETE');
    expect(await usage()).toMatchObject({ images: 0, bytes: 0 });
    await post(longshore.app, '/api/v1/bin/restore', { repository, digest: index.digest });
    expect(await usage()).toEqual(before);
    await statusOf(longshore.app, at(index.digest), 'DELETE');
    longshore.passTime(14 * day + 1);
    await runDue(longshore);
    longshore.passTime(day + 1);
    await runDue(longshore);
    longshore.passTime(day + 1);
    await runDue(longshore);
    const types = new Set(publishedTypes(longshore));
    for (const type of ['Longshore.Recycled', 'Longshore.Restored', 'Longshore.Purged', 'Longshore.BlobCollected'])
      expect([...types]).toContain(type);
    expect(longshore.world.region().blobs.names()).toEqual([]);
  });
});

describe('a tag that is deleted', () => {
  it('is in the bin by itself, and comes back unless the name is taken', async () => {
    const { app } = timedLongshore();
    const [one, two] = [makeImage('one', 0), makeImage('two', 0)];
    await pushImage(app, repository, 'v1', one);
    await statusOf(app, at('v1'), 'DELETE');
    expect(await binOf(app)).toMatchObject([{ kind: 'tag', tag: 'v1', digest: one.digest, asked: true }]);
    await pushImage(app, repository, 'v1', two);
    expect((await post(app, '/api/v1/bin/restore', { repository, digest: one.digest, tag: 'v1' })).body).toEqual({
      manifests: [],
      tags: [],
      taken: ['v1'],
    });
    await statusOf(app, at('v1'), 'DELETE');
    expect((await post(app, '/api/v1/bin/restore', { repository, digest: one.digest, tag: 'v1' })).body).toEqual({
      manifests: [],
      tags: ['v1'],
      taken: [],
    });
    expect((await ask(app, 'HEAD', at('v1'))).headers.get('docker-content-digest')).toBe(one.digest);
  });
});

describe('pushing what is in the bin', () => {
  it('brings it back with its attributes and signatures, and not with its old tags', async () => {
    const { app } = timedLongshore();
    const { index, all } = await pushSigned(app);
    await ask(app, 'PATCH', `/acr/v1/${repository}/_manifests/${index.digest}`, {
      body: JSON.stringify({ listEnabled: false }),
    });
    await statusOf(app, at(index.digest), 'DELETE');
    await push(app, repository, 'v2', index);
    for (const { digest } of all) expect(await statusOf(app, at(digest))).toBe(200);
    expect(await statusOf(app, at('v1'))).toBe(404);
    const shown = (await (await ask(app, 'GET', `/acr/v1/${repository}/_manifests/${index.digest}`)).json()) as {
      manifest: { changeableAttributes: unknown };
    };
    expect(shown.manifest.changeableAttributes).toMatchObject({ listEnabled: false });
    expect((await binOf(app)).map(({ kind }) => kind)).toEqual(['tag', 'tag']);
  });

  it('brings back a child when an index is pushed that lists it', async () => {
    const { app } = timedLongshore();
    const child = makeImage('child', 1);
    await pushImage(app, repository, child.digest, child);
    await statusOf(app, at(child.digest), 'DELETE');
    await push(app, repository, 'v1', makeIndex([child]));
    expect(await statusOf(app, at(child.digest))).toBe(200);
  });
});

describe('the retention', () => {
  it('is what the registry says; then the bin is purged, and one day each later links and bytes go', async () => {
    const longshore = timedLongshore();
    const { app, passTime, runDue, world } = longshore;
    expect(
      await (
        await ask(app, 'PUT', '/api/v1/soft-delete', {
          body: JSON.stringify({ enabled: true, retentionDays: 3, restoreOnPull: false }),
          headers: { 'content-type': 'application/json' },
        })
      ).json(),
    ).toEqual({ enabled: true, retentionDays: 3, restoreOnPull: false });
    const image = makeImage('retained', 1);
    await pushImage(app, repository, 'v1', image);
    await statusOf(app, at(image.digest), 'DELETE');
    expect((await binOf(app)).map(({ purgeAt }) => purgeAt)).toEqual([
      '2026-01-04T00:00:00.000Z',
      '2026-01-04T00:00:00.000Z',
    ]);
    passTime(3 * day - 1);
    await runDue();
    expect(await binOf(app)).toHaveLength(2);
    passTime(1);
    await runDue();
    expect(await binOf(app)).toEqual([]);
    expect(world.region().blobs.names()).toHaveLength(2);
    passTime(day);
    await runDue();
    expect(await statusOf(app, `/v2/${repository}/blobs/${await digestOfConfig(image)}`, 'HEAD')).toBe(404);
    expect(world.region().blobs.names()).toHaveLength(2);
    passTime(day);
    await runDue();
    expect(world.region().blobs.names()).toEqual([]);
  });

  it('is none with soft delete off', async () => {
    const { app } = timedLongshore();
    await ask(app, 'PUT', '/api/v1/soft-delete', {
      body: JSON.stringify({ enabled: false, retentionDays: 14, restoreOnPull: true }),
      headers: { 'content-type': 'application/json' },
    });
    const { index } = await pushSigned(app);
    await statusOf(app, at(index.digest), 'DELETE');
    expect(await binOf(app)).toEqual([]);
  });

  it('is cut short by who says how many things it is about', async () => {
    const { app } = timedLongshore();
    const { index } = await pushSigned(app);
    await statusOf(app, at(index.digest), 'DELETE');
    const [{ group } = { group: '' }] = await binOf(app);
    const { count } = (await (await ask(app, 'GET', `/api/v1/bin/${group}?repository=${repository}`)).json()) as {
      count: number;
    };
    expect(count).toBe(7);
    expect((await post(app, '/api/v1/bin/purge', { repository, group, count: 6 })).status).toBe(409);
    expect(await binOf(app)).toHaveLength(7);
    expect(await post(app, '/api/v1/bin/purge', { repository, group, count })).toMatchObject({
      status: 200,
      body: { manifests: 5 },
    });
    expect(await binOf(app)).toEqual([]);
  });
});

async function digestOfConfig(image: { config: Uint8Array }): Promise<string> {
  return pushBlob(timedLongshore().app, 'x', image.config);
}
