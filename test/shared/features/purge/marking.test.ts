import { describe, expect, it } from 'vitest';
import subscriptions from '../../../../infra/event-subscriptions.json' with { type: 'json' };
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { catalogue, eventTypes } from '../../../../shared/core/events/catalogue.ts';
import type { CatalogueEvent } from '../../../../shared/core/events/envelope.ts';
import { nextRun } from '../../../../shared/core/rules/schedule.ts';
import { touchedBy } from '../../../../shared/features/purge/touched.ts';
import { callsToFail } from '../../../deep.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { runDue } from '../../run-due.ts';
import { binOf, makeIndex, push } from '../recycle-bin/binned.ts';
import { approve, call, currentPlan, explained, planOf, policed, putPolicy, tagsOf } from './policed.ts';

const repository = 'team/app';
const statusOf = async (app: Parameters<typeof ask>[0], tag: string) =>
  (await ask(app, 'GET', `/acr/v1/${repository}/_tags/${tag}`)).status;

/** Approves a policy while nothing is due, so that it runs by itself from then on. */
async function running(longshore: ReturnType<typeof policed>, policy: object): Promise<void> {
  await putPolicy(longshore.app, { brakePercent: 100, ...policy });
  expect((await approve(longshore.app, await planOf(longshore.app))).body.state).toBe('done');
}

describe('a policy that runs', () => {
  it('removes images that a push pushes out of the newest', async () => {
    const longshore = policed();
    const { app } = longshore;
    await running(longshore, { remove: [{ name: 'many', beyondNewest: 2, tags: ['build-*'] }] });
    for (let n = 1; n <= 5; n += 1) {
      await pushImage(app, repository, `build-${n}`, makeImage(`build ${n}`, 0));
      longshore.passDays(0.01);
    }
    await pushImage(app, repository, 'main', makeImage('main', 0));
    await longshore.deliver();
    longshore.passDays(2);
    await longshore.timers['purge-mark']();
    const tags = (await (await ask(app, 'GET', `/v2/${repository}/tags/list`)).json()) as { tags: string[] };
    expect(tags.tags).toEqual(['build-4', 'build-5', 'main']);
  });

  it('removes an old tag and leaves its manifest to a tag that stays', async () => {
    const longshore = policed();
    const { app } = longshore;
    await running(longshore, { remove: [{ name: 'old', olderThanDays: 10, tags: ['temp'] }] });
    const image = makeImage('both', 0);
    for (const tag of ['temp', 'v1']) await pushImage(app, repository, tag, image);
    await longshore.deliver();
    longshore.passDays(11);
    await longshore.timers['purge-mark']();
    expect([await statusOf(app, 'temp'), await statusOf(app, 'v1')]).toEqual([404, 200]);
    expect(await binOf(app)).toMatchObject([
      { kind: 'tag', tag: 'temp', by: { actor: 'policy:nightly', rule: 'nightly/old' } },
    ]);
  });

  it('judges again where a pull has postponed the removal, and removes nothing before', async () => {
    const longshore = policed();
    const { app } = longshore;
    await running(longshore, { remove: [{ name: 'unused', notPulledDays: 30 }] });
    await pushImage(app, repository, 'v1', makeImage('v1', 0));
    await longshore.deliver();
    longshore.passDays(20);
    longshore.pull(repository, 'v1');
    longshore.passDays(29);
    await longshore.timers['purge-mark']();
    expect(await statusOf(app, 'v1')).toBe(200);
    longshore.passDays(2);
    await longshore.timers['purge-mark']();
    expect(await statusOf(app, 'v1')).toBe(404);
  });

  it('keeps a signature that is tagged as cosign does for as long as the image that it signs', async () => {
    const longshore = policed();
    const { app } = longshore;
    await running(longshore, { remove: [{ name: 'old', olderThanDays: 10 }], keep: [{ name: 'mine', tags: ['v1'] }] });
    const image = makeImage('signed', 0);
    const signature = `${image.digest.replace(':', '-')}.sig`;
    await pushImage(app, repository, 'v1', image);
    await pushImage(app, repository, signature, makeImage('signature', 0));
    await longshore.deliver();
    longshore.passDays(11);
    await longshore.timers['purge-mark']();
    expect(
      (await explained(app, `${repository}:${signature}`)).policies.find(({ policy }) => policy === 'nightly')?.tags,
    ).toMatchObject([{ verdict: 'keep', rule: 'subject' }]);
    await ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`);
    await longshore.deliver();
    longshore.passDays(1);
    await longshore.timers['purge-mark']();
    expect(await statusOf(app, signature)).toBe(404);
  });

  it('keeps images that another approved policy keeps, until that one is switched off', async () => {
    const longshore = policed();
    const { app } = longshore;
    await running(longshore, { remove: [{ name: 'old', olderThanDays: 10 }] });
    await putPolicy(
      app,
      { remove: [{ name: 'never', olderThanDays: 3_000 }], keep: [{ name: 'releases', semver: '*' }] },
      'releases',
    );
    expect((await approve(app, await planOf(app, 'releases'), 'releases')).status).toBe(200);
    for (const tag of ['1.0.0', 'feature']) await pushImage(app, repository, tag, makeImage(tag, 0));
    await longshore.deliver();
    longshore.passDays(11);
    await longshore.timers['purge-mark']();
    expect([await statusOf(app, '1.0.0'), await statusOf(app, 'feature')]).toEqual([200, 404]);
    expect(
      (await explained(app, `${repository}:1.0.0`)).policies.find(({ policy }) => policy === 'nightly')?.tags[0]?.why,
    ).toBe('the rule to keep "releases" of the policy "releases"');
    expect((await call(app, 'POST', '/purge/policies/releases/stop')).status).toBe(200);
    longshore.passDays(1);
    await longshore.timers['purge-mark']();
    expect(await statusOf(app, '1.0.0')).toBe(404);
  });

  it('is off again when its rules change, and not when its schedule does', async () => {
    const longshore = policed();
    const rules = { remove: [{ name: 'old', olderThanDays: 10 }] };
    await running(longshore, rules);
    const on = async () => (await call(longshore.app, 'GET', '/purge/policies/nightly')).body.on;
    await putPolicy(longshore.app, { brakePercent: 100, schedule: { every: 'week', at: '04:00' }, ...rules });
    expect(await on()).toBe(true);
    await putPolicy(longshore.app, { brakePercent: 50, ...rules });
    expect(await on()).toBe(false);
  });

  it('continues after a crash at any call, and removes what was planned and nothing else', async () => {
    const trial = async (plan: CallPlan) => {
      const longshore = policed();
      const { app, world, lastPulls } = longshore;
      const child = makeImage('child', 0);
      await pushImage(app, repository, child.digest, child);
      await push(app, repository, 'index', makeIndex([child]));
      for (const tag of ['one', 'kept']) await pushImage(app, repository, tag, makeImage(tag, 0));
      await putPolicy(app, {
        brakePercent: 100,
        remove: [{ name: 'old', olderThanDays: 10 }],
        keep: [{ name: 'mine', tags: ['kept'] }],
      });
      longshore.passDays(11);
      const made = await planOf(app);
      expect([made.manifests, made.tags]).toEqual([3, 2]);
      await approve(composeForTest({ world, connection: { calls: plan }, adapters: { lastPulls } }).app, made);
      return { ...longshore, made };
    };
    const calm = new CallPlan();
    await trial(calm);
    for (const n of callsToFail(1, calm.total())) {
      const { app, made, ...longshore } = await trial(new CallPlan().crashAfter(n));
      const body = await currentPlan(app);
      if (body.state === 'awaiting') expect((await approve(app, made)).status, `crash after ${n}`).toBe(200);
      longshore.passDays(0.01);
      await runDue(longshore);
      await longshore.timers['purge-mark']();
      expect((await currentPlan(app)).state).toBe('done');
      const binned = await binOf(app);
      expect(
        [binned.filter(({ kind }) => kind === 'manifest').length, binned.filter(({ kind }) => kind === 'tag').length],
        `crash after ${n}`,
      ).toEqual([3, 2]);
      expect(await statusOf(app, 'kept')).toBe(200);
    }
  }, 600_000);
});

describe('the walk through what is stored', () => {
  it('continues after the page that a crash interrupted', async () => {
    const { app, world, lastPulls, passDays } = policed();
    for (let n = 0; n < 120; n += 1) await pushImage(app, repository, `t${n}`, makeImage(`t${n}`, 0));
    await putPolicy(app, { remove: [{ name: 'old', olderThanDays: 10 }] });
    passDays(11);
    const calls = new CallPlan().crashAfter(700);
    await ask(
      composeForTest({ world, connection: { calls }, adapters: { lastPulls } }).app,
      'POST',
      '/api/v1/purge/policies/nightly/plan',
    );
    const stored = await connectMemory(world).documents.readDocument({
      container: 'registries',
      partition: ['default'],
      id: 'purge-policy:nightly',
    });
    expect(stored?.document.walk).toMatchObject({ repository, digest: expect.stringMatching(/^sha256:/) as string });
    expect((await planOf(app)).tags).toBe(120);
  });

  it('leaves nothing behind of a policy that is deleted', async () => {
    const { app, world, passDays } = policed();
    for (const tag of ['a', 'b']) await pushImage(app, repository, tag, makeImage(tag, 0));
    await putPolicy(app, { remove: [{ name: 'old', olderThanDays: 10 }] });
    passDays(11);
    expect((await planOf(app)).tags).toBe(2);
    expect((await call(app, 'DELETE', '/purge/policies/nightly')).status).toBe(204);
    const marks = await connectMemory(world).documents.queryDocuments({
      container: 'repositories',
      where: [
        { path: 'type', is: '=', value: 'purge-due' },
        { path: 'policy', is: '=', value: 'nightly' },
      ],
      limit: 10,
    });
    expect([marks.documents, (await call(app, 'GET', '/purge/policies/nightly')).status]).toEqual([[], 404]);
  });
});

async function sixtyOld(longshore: ReturnType<typeof policed>) {
  const { app } = longshore;
  for (let n = 0; n < 60; n += 1) await pushImage(app, repository, `t${n}`, makeImage(`t${n}`, 0));
  await putPolicy(app, { brakePercent: 100, remove: [{ name: 'old', olderThanDays: 10 }] });
  longshore.passDays(11);
  return planOf(app);
}

describe('a plan of many pages', () => {
  it('is carried out by one at a time', async () => {
    const longshore = policed();
    const { app, world, lastPulls } = longshore;
    const plan = await sixtyOld(longshore);
    let other: Promise<void> | undefined;
    const calls = new CallPlan().delay(async (each) => {
      if (each.n === 300) other = longshore.timers['purge-mark']();
      if (each.n === 300) await other;
    });
    const one = composeForTest({ world, connection: { calls }, adapters: { lastPulls } });
    const { body } = await approve(one.app, plan);
    expect([other === undefined, body.outcome]).toEqual([false, { manifests: 60, tags: 60, stayed: 0 }]);
    expect(new Set((await currentPlan(app)).items.map(({ outcome }) => outcome))).toEqual(new Set(['recycled']));
  });

  it('goes no further when its policy is stopped', async () => {
    const longshore = policed();
    const { app, world, lastPulls } = longshore;
    const plan = await sixtyOld(longshore);
    let stopped: Promise<unknown> | undefined;
    const calls = new CallPlan().delay(async (each) => {
      if (each.n === 200) await (stopped = call(app, 'POST', '/purge/policies/nightly/stop'));
    });
    const { body } = await approve(composeForTest({ world, connection: { calls }, adapters: { lastPulls } }).app, plan);
    await stopped;
    expect(body.state).toBe('void');
    const left = (await (await ask(app, 'GET', `/acr/v1/${repository}/_tags?n=100`)).json()) as { tags: unknown[] };
    expect(left.tags).toHaveLength(35);
  });
});

describe('marking', () => {
  it('is subscribed to exactly the events that touch something', () => {
    const touching = eventTypes.filter(
      (type) => touchedBy({ type, data: catalogue[type].example } as unknown as CatalogueEvent) !== undefined,
    );
    const subscribed = subscriptions.subscriptions.find(({ destination }) => destination.function === 'purge-touched')
      ?.filter?.includedEventTypes;
    expect(subscribed?.toSorted()).toEqual(touching.toSorted());
  });

  it('changes nothing when an event is delivered again, or not at all before a plan is asked for', async () => {
    const longshore = policed();
    const { app, world } = longshore;
    await putPolicy(app, { remove: [{ name: 'old', olderThanDays: 10 }] });
    for (const tag of ['a', 'b']) await pushImage(app, repository, tag, makeImage(tag, 0));
    longshore.passDays(11);
    const plan = await planOf(app);
    expect(tagsOf(plan)).toEqual(['a', 'b']);
    for (const event of [...world.region().events.log, ...world.region().events.log.toReversed()])
      await longshore.events['purge-touched'](event);
    expect((await planOf(app)).hash).toBe(plan.hash);
  });
});

describe('a schedule', () => {
  it.each([
    ['hour', '00:30', 'sunday', '2026-01-01T10:30:00.000Z', '2026-01-01T11:30:00.000Z'],
    ['hour', '00:30', 'sunday', '2026-01-01T10:29:59.000Z', '2026-01-01T10:30:00.000Z'],
    ['day', '02:00', 'sunday', '2026-01-01T02:00:00.000Z', '2026-01-02T02:00:00.000Z'],
    ['week', '02:00', 'sunday', '2026-01-01T02:00:00.000Z', '2026-01-04T02:00:00.000Z'],
    ['week', '02:00', 'thursday', '2026-01-01T02:00:00.000Z', '2026-01-08T02:00:00.000Z'],
  ] as const)('every %s at %s on %s runs next, after %s, at %s', (every, at, on, after, next) => {
    expect(nextRun({ every, at, on }, new Date(after)).toISOString()).toBe(next);
  });
});
