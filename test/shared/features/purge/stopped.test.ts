import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { makeImage, pushImage } from '../../image.ts';
import { statusOf } from '../recycle-bin/binned.ts';
import { approve, call, planOf, policed, putPolicy } from './policed.ts';

const repository = 'team/app';
const at = (tag: string) => `/acr/v1/${repository}/_tags/${tag}`;

/** A policy that runs by itself every night, has done so, and has another image to remove. */
async function running() {
  const longshore = policed();
  const { app } = longshore;
  await putPolicy(app, { brakePercent: 100, remove: [{ name: 'old', olderThanDays: 30 }] });
  await pushImage(app, repository, 'first', makeImage('first', 0));
  longshore.passDays(31);
  await approve(app, await planOf(app));
  await pushImage(app, repository, 'second', makeImage('second', 0));
  await longshore.deliver();
  longshore.passDays(31);
  return longshore;
}

/** Runs the policies in a process of its own, and does something before its `n`th call. Says how many calls it made. */
async function run(
  { world, lastPulls }: Awaited<ReturnType<typeof running>>,
  n = Infinity,
  change = async () => {},
): Promise<readonly { readonly name: string; readonly input: string }[]> {
  const calls = new CallPlan();
  const made: { name: string; input: string }[] = [];
  calls.delay(async ({ name, input }) => {
    made.push({ name, input: JSON.stringify(input) });
    if (made.length === n) await change();
  });
  await composeForTest({ world, connection: { calls }, adapters: { lastPulls } }).timers['purge-mark']();
  return made;
}

describe('a policy that is stopped while it runs', () => {
  it('removes nothing, before whichever call of the run that is until it begins to carry out its plan', async () => {
    const before = await run(await running());
    const approval = before.findIndex(({ input }) => input.includes('"state":"approved"')) + 1;
    expect(approval).toBeGreaterThan(5);
    for (let n = 1; n <= approval; n += 1) {
      const longshore = await running();
      const stopped = async () => {
        expect((await call(longshore.another().app, 'POST', '/purge/policies/nightly/stop')).status).toBe(200);
      };
      await run(longshore, n, stopped);
      longshore.passDays(1);
      await run(longshore);
      expect([n, await statusOf(longshore.app, at('second'))]).toEqual([n, 200]);
    }
  });

  it('removes what it planned where it is not stopped', async () => {
    const longshore = await running();
    await run(longshore);
    expect(await statusOf(longshore.app, at('second'))).toBe(404);
  });
});
