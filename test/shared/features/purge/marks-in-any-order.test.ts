import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import type { MemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { App } from '../../../../shared/app/app.ts';
import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { callsToFail, sized } from '../../../deep.ts';
import { randomOf, Schedule } from '../../../simulation/schedule.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { planOf, policed, putPolicy } from './policed.ts';

const repository = 'team/app';
const image = makeImage('subject', 0);

async function remove(app: App, reference: string): Promise<void> {
  const { status } = await ask(app, 'DELETE', `/v2/${repository}/manifests/${reference}`);
  if (status !== 202) throw new Error(`DELETE ${reference} answers ${status}`);
}

const pushed = (n: number) => (app: App) => pushImage(app, repository, `build-${n}`, makeImage(`build ${n}`, 0));

interface Case {
  readonly policy: object;
  /** The actions before the change; the last one's event is still being handled when the change comes. */
  readonly before: readonly ((app: App) => Promise<unknown>)[];
  readonly change: (app: App) => Promise<unknown>;
}

const cases: Record<string, Case> = {
  'a deleted image is pushed again': {
    policy: { remove: [{ name: 'old', olderThanDays: 10 }] },
    before: [(app) => pushImage(app, repository, 'v1', image), (app) => remove(app, image.digest)],
    change: (app) => pushImage(app, repository, 'v1', image),
  },
  'an image loses the tag that kept it': {
    policy: { remove: [{ name: 'untagged', untaggedDays: 1 }], keep: [{ name: 'kept', tags: ['keep'] }] },
    before: [(app) => pushImage(app, repository, 'keep', image)],
    change: (app) => remove(app, 'keep'),
  },
  'an image loses the tag that would have gone later': {
    policy: {
      remove: [
        { name: 'untagged', untaggedDays: 1 },
        { name: 'old', olderThanDays: 30, tags: ['*'] },
      ],
    },
    before: [(app) => pushImage(app, repository, 'v1', image)],
    change: (app) => remove(app, 'v1'),
  },
  'a push pushes an image out of the newest': {
    policy: { remove: [{ name: 'many', beyondNewest: 1, tags: ['build-*'] }] },
    before: [pushed(1), pushed(2)],
    change: pushed(3),
  },
  'two pushes push an image out of more than one rule': {
    policy: {
      remove: [
        { name: 'few', beyondNewest: 1, untaggedDays: 3 },
        { name: 'many', beyondNewest: 2, tags: ['build-*'] },
      ],
    },
    before: [pushed(1), pushed(2)],
    change: async (app) => {
      await pushed(3)(app);
      await pushed(4)(app);
    },
  },
};

/** Returns the time at which each policy must look at each image again, by the ids of the marks. */
function marksIn(world: MemoryWorld): Map<string, number> {
  const marks = new Map<string, number>();
  for (const { records } of world.documents.partitions('repositories', [])) {
    for (const record of records.values()) {
      const document = world.documents.visible(record, 0)?.document;
      if (document?.type === 'purge-due') marks.set(document.id, Date.parse(String(document.dueAt)));
    }
  }
  return marks;
}

interface World {
  readonly longshore: ReturnType<typeof policed>;
  /** Handles what the last step before the change told of. */
  readonly handleIn: (instance: TestLongshore) => Promise<void>;
  /** An instance whose calls wait for their turns. */
  readonly instance: (turn: () => Promise<void>) => TestLongshore;
  /** Makes the change, and handles what it tells of. */
  readonly changeIn: (instance: TestLongshore) => Promise<void>;
}

async function worldBefore({ policy, before, change }: Case): Promise<World> {
  const longshore = policed();
  const { app, world, lastPulls } = longshore;
  await putPolicy(app, policy);
  const { log } = world.region().events;
  let delivered = 0;
  for (const step of before) {
    await longshore.deliver();
    delivered = log.length;
    await step(app);
    longshore.passDays(0.01);
  }
  const handle = async (instance: TestLongshore, events: readonly unknown[]) => {
    for (const event of events) await instance.events['purge-touched'](event);
  };
  const last = log.slice(delivered);
  const known = log.length;
  return {
    longshore,
    handleIn: (instance) => handle(instance, last),
    instance: (turn) =>
      composeForTest({
        world,
        connection: { calls: new CallPlan().delay(turn), chance: 'none' },
        adapters: { lastPulls },
      }),
    async changeIn(instance) {
      await change(instance.app);
      await handle(instance, log.slice(known));
    },
  };
}

/** The marks that are missing or too late: all that is wanted is marked when every event is handled once more, calmly. */
async function lostMarks({ longshore }: World): Promise<string[]> {
  const { world, events } = longshore;
  const marks = marksIn(world);
  for (const event of world.region().events.log) await events['purge-touched'](event);
  const wanted = marksIn(world);
  expect(wanted.size).toBeGreaterThan(0);
  return [...wanted].filter(([id, dueAt]) => (marks.get(id) ?? Infinity) > dueAt).map(([id]) => id);
}

/** A change makes many calls, and handling an event few. */
const turnsOfSlow = 8;

describe.each(Object.keys(cases))('while an event is handled, %s', (name) => {
  const given = cases[name] as Case;

  it('and keeps its mark, whichever call it came before', async () => {
    for (let at = 1, isOver = false; !isOver; at += 1) {
      const before = await worldBefore(given);
      let [calls, changed] = [0, undefined as Promise<void> | undefined];
      const slow = before.instance(async () => {
        calls += 1;
        if (calls === at) await (changed = before.changeIn(before.instance(() => Promise.resolve())));
      });
      await before.handleIn(slow);
      isOver = changed === undefined;
      if (!isOver) expect(await lostMarks(before), `before call ${at}`).toEqual([]);
    }
  }, 300_000);

  it('and keeps its mark in any order of the calls of both', async () => {
    for (let seed = 1; seed <= sized(3, 40); seed += 1) {
      const before = await worldBefore(given);
      const schedule = new Schedule(randomOf(seed));
      const slow = before.instance(async () => {
        for (let turn = 0; turn < turnsOfSlow; turn += 1) await schedule.turn(0);
      });
      const other = before.instance(() => schedule.turn(1));
      await schedule.run([() => before.handleIn(slow), () => before.changeIn(other)], () => undefined);
      expect(await lostMarks(before), `seed ${seed}`).toEqual([]);
    }
  }, 300_000);
});

/** Makes a plan while a push comes before its call `at`. Returns how many calls the plan made, and what lost its mark. */
async function planAround(walk: string, at: number): Promise<{ calls: number; lost: string[] }> {
  const before = await worldBefore({
    policy: { remove: [{ name: 'many', beyondNewest: 1, tags: ['build-*'] }], brakePercent: 100 },
    before: [
      pushed(1),
      pushed(2),
      ...(walk === 'without one' ? [(app: App) => planOf(app)] : []),
      pushed(3),
      (app) => remove(app, 'build-3'),
    ],
    change: pushed(4),
  });
  const { longshore } = before;
  // The second has a mark from when it fell behind the third, and is the newest again.
  await longshore.deliver();
  longshore.passDays(3);
  let calls = 0;
  const slow = before.instance(async () => {
    calls += 1;
    if (calls === at) await before.changeIn(before.instance(() => Promise.resolve()));
  });
  await planOf(slow.app);
  return { calls, lost: at > calls ? [] : await lostMarks(before) };
}

describe.each(['with the walk that new rules begin', 'without one'])('while a plan is made, %s,', (walk) => {
  it('an image that a push pushes out of the newest keeps its mark, whichever call the push came before', async () => {
    const { calls } = await planAround(walk, Infinity);
    for (const at of callsToFail(1, calls, 20)) {
      const { lost } = await planAround(walk, at);
      expect(lost, `before call ${at} of ${calls}`).toEqual([]);
    }
  }, 300_000);
});
