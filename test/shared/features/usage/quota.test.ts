import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { parseEvent } from '../../../../shared/core/events/envelope.ts';
import { silentLog } from '../../../../shared/core/ports/log.ts';
import type { Survey } from '../../../../shared/features/usage/sizes/documents.ts';
import { warnOfQuota } from '../../../../shared/features/usage/sizes/quota.ts';
import { pushBlob } from '../../image.ts';

const settings = { usage: { actors: [], quotaBytes: 1_000 }, graceMs: 3_600_000 };

function warned({ world }: ReturnType<typeof composeForTest>) {
  return world
    .region()
    .events.log.filter(({ type }) => type === 'Longshore.QuotaWarning')
    .map((event) => ({
      id: event.id,
      target: parseEvent(event).data.target as { percent: number; storedBytes: number },
    }));
}

const percents = (longshore: ReturnType<typeof composeForTest>) =>
  warned(longshore).map(({ target }) => target.percent);

describe('a quota that is nearly used', () => {
  it('is told of once at each threshold, the highest that was crossed alone', async () => {
    const longshore = composeForTest({ settings });
    const store = async (bytes: number, seed: number) => {
      await pushBlob(longshore.app, 'team/app', Buffer.alloc(bytes, seed));
      for (const _ of [1, 2]) await longshore.timers['usage-survey']();
    };
    await store(790, 1);
    expect(percents(longshore)).toEqual([]);
    await store(10, 2);
    expect(percents(longshore)).toEqual([80]);
    await store(250, 3);
    expect(percents(longshore)).toEqual([80, 100]);
    expect(warned(longshore).at(-1)?.target).toMatchObject({
      registry: 'default',
      storedBytes: 1_050,
      quotaBytes: 1_000,
    });
  });

  it('is told of again when it was left and is crossed anew, and not when a little goes and comes', async () => {
    const { memory, world } = composeForTest();
    const told: boolean[] = [];
    let before: Survey | undefined;
    for (const storedBytes of [820, 780, 810, 740, 810, 910, 860, 905, 1_000, 100, 1_000]) {
      const published = world.region().events.log.length;
      const survey = {
        registry: 'default',
        storedBytes,
        samples: [],
        measuredAt: `2026-01-01T00:00:00.${storedBytes}Z`,
      } as unknown as Survey;
      before = {
        ...survey,
        ...(await warnOfQuota(
          { ...memory, clock: world.clock, log: silentLog },
          { quotaBytes: 1_000, eventSource: '/test' },
          survey,
          before,
        )),
      };
      told.push(world.region().events.log.length > published);
    }
    expect(told).toEqual([true, false, false, false, true, true, false, false, true, false, true]);
  });

  it('is told of under one id when the survey that told of it dies, and by the next survey when the topic is down', async () => {
    const world = createMemoryWorld();
    const dying = composeForTest({ world, settings });
    await pushBlob(dying.app, 'team/app', Buffer.alloc(900));
    await dying.timers['usage-survey']().catch(() => undefined);
    const [first] = warned(dying);
    world.documents.partition('registries', ['default'])?.records.delete('usage-survey');
    const next = composeForTest({ world, settings });
    await next.timers['usage-survey']();
    expect(warned(next).map(({ id }) => id)).toEqual([first?.id, first?.id]);
  });

  it('is told of by the next survey when the topic is down', async () => {
    const longshore = composeForTest({ settings });
    await pushBlob(longshore.app, 'team/app', Buffer.alloc(900));
    longshore.memory.calls.failOn('events.publish');
    await longshore.timers['usage-survey']();
    expect(percents(longshore)).toEqual([]);
    longshore.memory.calls.clearFaults();
    for (const _ of [1, 2]) await longshore.timers['usage-survey']();
    expect(percents(longshore)).toEqual([90]);
  });
});
