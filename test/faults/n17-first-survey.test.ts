import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { usageOf } from '../shared/features/usage/counting.ts';
import { makeImage, pushImage } from '../shared/image.ts';

describe('the first survey', () => {
  it('is made by the timer of the minute in which something was pushed first, once, whatever instance runs it', async () => {
    const longshore = composeForTest();
    await longshore.timers['usage-first-survey']();
    expect((await usageOf(longshore)).sizes).toBeUndefined();
    await pushImage(longshore.app, 'team/app', 'v1', makeImage('first'));
    const other = composeForTest({ world: longshore.world });
    await Promise.all([longshore.timers['usage-first-survey'](), other.timers['usage-first-survey']()]);
    const { sizes } = await usageOf(longshore);
    expect(sizes?.storedBytes).toBeGreaterThan(0);
    await pushImage(longshore.app, 'team/app', 'v2', makeImage('second'));
    for (const each of [longshore, other, composeForTest({ world: longshore.world })])
      await each.timers['usage-first-survey']();
    expect((await usageOf(longshore)).sizes).toEqual(sizes);
  });

  it('costs at most two store calls where nothing was pushed, one where it was made by another, and none from then on', async () => {
    const longshore = composeForTest();
    const costOf = async (of: typeof longshore) => {
      const before = of.memory.calls.total();
      await of.timers['usage-first-survey']();
      return of.memory.calls.total() - before;
    };
    expect(await costOf(longshore)).toBeLessThanOrEqual(2);
    await pushImage(longshore.app, 'team/app', 'v1', makeImage('first'));
    await longshore.timers['usage-survey']();
    expect(await costOf(longshore)).toBe(1);
    expect(await costOf(longshore)).toBe(0);
  });

  it('is made again when it failed', async () => {
    const longshore = composeForTest();
    await pushImage(longshore.app, 'team/app', 'v1', makeImage('first'));
    longshore.memory.calls.failOn('documents.commit', 1);
    await expect(longshore.timers['usage-first-survey']()).rejects.toThrow('planned outage');
    await longshore.timers['usage-first-survey']();
    expect((await usageOf(longshore)).sizes?.storedBytes).toBeGreaterThan(0);
  });
});
