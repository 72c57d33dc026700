import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { build, registry } from '../builds/bases/building.ts';
import { call } from '../replication/replicating.ts';
import { withReplicas } from '../replication/with-replicas.ts';
import { pushWith, repository, viewOf } from './viewed.ts';

describe('what other features know of an image', () => {
  it('is in which regions it is, with the bytes that are missing', async () => {
    const regions = await withReplicas();
    const { app } = regions.region.east;
    expect((await call(regions.region.east, 'PATCH', '/replications/north', { paused: true })).status).toBe(200);
    const image = makeImage('one');
    await pushImage(app, repository, '1', image);
    await regions.minutes();
    const { regions: shown } = await viewOf(app, '1');
    const bytes = [image.config, ...image.layers].reduce((sum, { length }) => sum + length, 0);
    expect(shown).toEqual([
      { region: 'east', state: 'complete', missingBytes: 0 },
      { region: 'north', state: 'paused', missingBytes: bytes },
      { region: 'west', state: 'complete', missingBytes: 0 },
    ]);
  });

  it('is nothing of regions where there is one', async () => {
    const { app } = composeForTest();
    await pushWith(app, '1');
    expect((await viewOf(app, '1')).regions).toBeUndefined();
  });

  it('is what it is built on, and whether that is current', async () => {
    const of = registry();
    const base = build('base', 'base 1');
    await of.push(base, '1');
    await of.push(build('team/app', 'app', { base }), '1');
    await of.settle();
    expect((await viewOf(of.app, '1')).base).toMatchObject({
      image: 'base:1',
      digest: base.digest,
      evidence: 'layers',
      isCurrent: true,
    });
    await of.push(build('base', 'base 2'), '1');
    const { base: now } = await viewOf(of.app, '1');
    expect(now).toMatchObject({ digest: base.digest, isCurrent: false });
    expect((await viewOf(of.app, '1', 'base')).base).toBeUndefined();
  });

  it('is when a purge policy looks at it next, once a plan of the policy was approved', async () => {
    let now = Date.now();
    const world = createMemoryWorld({ clock: { now: () => new Date(now) } });
    const longshore = composeForTest({ world });
    const { app } = longshore;
    const put = async (method: string, path: string, body: object) => {
      const answer = await ask(app, method, `/api/v1${path}`, {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      return (await answer.json()) as { hash?: string };
    };
    await put('PUT', '/purge/policies/old', { remove: [{ name: 'old', olderThanDays: 30 }] });
    await pushWith(app, '1');
    const listedDue = async () => {
      const answer = await ask(app, 'GET', `/api/v1/repositories/tags?repository=${repository}`);
      return ((await answer.json()) as { items: [{ badges: { purgeDueAt?: string } }] }).items[0].badges.purgeDueAt;
    };
    for (const event of longshore.world.region().events.log) await longshore.events['purge-touched'](event);
    expect((await viewOf(app, '1')).badges.purgeDueAt).toBeUndefined();
    expect(await listedDue()).toBeUndefined();
    const { hash } = await put('POST', '/purge/policies/old/plan', {});
    await put('POST', '/purge/policies/old/plan/approve', { hash, switchOn: true });
    await longshore.timers['purge-mark']();
    // A list reads the policies again after five seconds.
    now += 5_001;
    const due = String((await viewOf(app, '1')).badges.purgeDueAt);
    expect(await listedDue()).toBe(due);
    const days = (Date.parse(due) - now) / (24 * 3600 * 1000);
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThan(31);
  });
});
