import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { makeImage, pushImage } from '../../image.ts';
import { call, planOf, policed, putPolicy } from './policed.ts';

const rules = (days: number) => ({ brakePercent: 100, remove: [{ name: 'old', olderThanDays: days }] });

/** Asks for a plan, whose walk marks what is stored, and does something before its `n`th call. Returns its calls. */
async function plan({ world, lastPulls }: ReturnType<typeof policed>, n: number, change: () => Promise<unknown>) {
  const calls = new CallPlan();
  let made = 0;
  calls.delay(async () => {
    made += 1;
    if (made === n) await change();
  });
  const { app } = composeForTest({ world, connection: { calls, chance: 'none' }, adapters: { lastPulls } });
  await call(app, 'POST', '/purge/policies/nightly/plan');
  return made;
}

describe('the walk that new rules begin', () => {
  it.each([
    ['of the policy itself change', (of: ReturnType<typeof policed>) => putPolicy(of.app, rules(10))],
    [
      'of another policy, which kept what is stored, go',
      async (of: ReturnType<typeof policed>) => {
        await call(of.app, 'POST', '/purge/policies/keeper/stop');
        await putPolicy(of.app, rules(10));
      },
    ],
  ])('begins anew when rules %s while it is under way, whichever call it is at', async (_, change) => {
    for (let n = 1, calls = Infinity; n <= calls; n += 1) {
      const of = policed();
      await putPolicy(of.app, rules(1_000));
      await putPolicy(of.app, { ...rules(2_000), keep: [{ name: 'all', tags: ['*'] }] }, 'keeper');
      for (const name of ['one', 'two']) await pushImage(of.app, 'team/app', name, makeImage(name, 0));
      of.passDays(20);
      calls = await plan(of, n, () => change(of));
      if (n > calls) break;
      expect((await planOf(of.app)).manifests, `before call ${n} of ${calls}`).toBe(2);
    }
  });
});
