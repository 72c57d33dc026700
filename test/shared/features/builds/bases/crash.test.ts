import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import { Crash } from '../../../../../shared/adapters/memory/crash.ts';
import { callsToFail } from '../../../../deep.ts';
import { randomOf } from '../../../../simulation/schedule.ts';
import type { Registry } from './building.ts';
import { build, dependentsOf, host, registry } from './building.ts';

const images = ['left', 'right', 'top'];

/** A diamond of which the base has just been pushed anew: nothing of that is delivered. */
async function updated(): Promise<Registry> {
  const of = registry();
  await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
  const base = build('base', 'base 1');
  const left = build('left', 'left', { base, says: `${host}/base:1` });
  await of.push(base, '1');
  await of.push(left, '1');
  await of.push(build('right', 'right', { base, says: `${host}/base:1` }), '1');
  await of.push(build('top', 'top', { base: left, says: `${host}/left:1` }), '1');
  await of.settle();
  await of.push(build('base', 'base 2'), '1');
  return of;
}

const digestsOf = (of: Registry) => Promise.all(images.map(async (image) => (await of.pull(`${image}:1`)).digest));

/** Has a process handle all that was published and queued; it may die on the way. */
async function live(of: Registry, calls: CallPlan, from: number): Promise<void> {
  const { events, queues } = of.world.region('home');
  let started: ReturnType<Registry['process']> | undefined;
  // It is started by what it is to do: most of the rounds of a recovery have nothing.
  const one = () => (started ??= of.process(calls));
  for (let at = from; ;) {
    const published = events.log.slice(at);
    at = events.log.length;
    for (const event of published) {
      await one().events['builds-learn'](event);
      await one().events['builds-plan'](event);
    }
    const messages = queues.drain('build-runs');
    for (const message of messages) await one().messages['builds-work'](message);
    if (published.length === 0 && messages.length === 0) return;
  }
}

/** Runs what the platform and the timers do after a crash: leases run out, events come again. */
async function recovered(of: Registry, from: number): Promise<void> {
  const one = of.process();
  for (let n = 0; n < 8; n += 1) {
    of.clock.advance(181_000);
    await one.timers['events-sweep']();
    await live(of, new CallPlan(), n === 0 ? from : of.world.region('home').events.log.length);
    await one.timers['builds-sweep']();
  }
  await of.settle();
}

async function expectWell(of: Registry, digests: readonly string[]): Promise<void> {
  expect(await digestsOf(of)).toEqual(digests);
  const { items: builds } = (await of.api('GET', '/builds')).body as { items: unknown[] };
  expect(builds).toMatchObject([{ state: 'finished', counts: { failed: 0, stopped: 0 } }]);
  expect(await dependentsOf(of, 'base:1')).toEqual(['left:1', 'right:1']);
  expect(await dependentsOf(of, 'left:1')).toEqual(['top:1']);
}

describe('a build whose process dies', () => {
  it.each(['before', 'after'] as const)(
    '%s any of its calls ends as if it had not: each image made once, with the same result',
    async (moment) => {
      const whole = await updated();
      const calls = new CallPlan();
      await live(whole, calls, 0);
      const digests = await digestsOf(whole);
      const total = calls.total();
      expect(total).toBeGreaterThan(100);
      for (const n of callsToFail(1, total, 5)) {
        const of = await updated();
        const plan = moment === 'before' ? new CallPlan().crashBefore(n) : new CallPlan().crashAfter(n);
        await live(of, plan, 0).catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
        });
        await recovered(of, 0);
        await expectWell(of, digests).catch((error: unknown) => {
          throw new Error(`crash ${moment} call ${n} (${plan.list.at(-1) ?? ''})`, { cause: error });
        });
      }
    },
    900_000,
  );
});

describe('an event that is delivered three times and in any order', () => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed))('makes each image once (%s)', async (seed) => {
    const calm = await updated();
    await calm.settle();
    const random = randomOf(seed);
    const of = await updated();
    await of.settle((delivered) =>
      [...delivered, ...delivered, ...delivered]
        .map((each) => ({ each, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ each }) => each),
    );
    await expectWell(of, await digestsOf(calm));
    expect(new Set(of.events('Longshore.ImageRebased').map(({ id }) => id)).size).toBe(3);
  });
});

describe('an image that is pushed while a build makes it', () => {
  it('keeps what was pushed, on the new base', async () => {
    const of = await updated();
    const calls = new CallPlan();
    let isPushed = false;
    const base1 = build('base', 'base 1');
    calls.delay(async ({ name, input }) => {
      if (
        isPushed ||
        name !== 'documents.commit' ||
        !JSON.stringify(input).includes('tag:1') ||
        !JSON.stringify(input).includes('"left"')
      )
        return;
      isPushed = true;
      await of.push(build('left', 'left, newer', { base: base1, says: `${host}/base:1` }), '1');
    });
    await live(of, calls, 0);
    expect(isPushed).toBe(true);
    await recovered(of, 0);
    expect((await of.pull('left:1')).layers).toEqual(['layer base 2', 'layer left, newer']);
  });
});
