import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { deliveryIdOf } from '../../../../shared/features/webhooks/delivery-id.ts';
import { redeliver } from '../../../../shared/features/webhooks/redeliver.ts';
import { redeliverSince } from '../../../../shared/features/webhooks/redeliver-since.ts';
import { callsToFail, sized } from '../../../deep.ts';
import { answered, hour, minute, registry, second, Simulation } from './simulation.ts';

const down = () => answered(503);

/** Every event reached every hook, under one id, and has one delivery; nothing is left to be done. */
async function expectAllDelivered(
  simulation: Simulation,
  names: readonly string[],
  events: readonly { readonly id: string; readonly time: string }[],
) {
  const deliveries = await simulation.deliveries();
  const wanted = names
    .flatMap((name) => events.map((event) => `${name}.example ${deliveryIdOf(registry, name, event)}`))
    .sort();
  expect([...new Set(simulation.got.map(({ host, id }) => `${host} ${id}`))].sort()).toEqual(wanted);
  expect(deliveries.map(({ name, deliveryId }) => `${name}.example ${deliveryId}`).sort()).toEqual(wanted);
  expect(deliveries.filter(({ status }) => status !== 'delivered')).toEqual([]);
  await expectNothingLeft(simulation);
}

async function expectNothingLeft(simulation: Simulation) {
  expect(simulation.queued()).toBe(0);
  expect((await simulation.deliveries()).filter(({ status }) => status === 'waiting')).toEqual([]);
  const open = await simulation.documents({
    container: 'deliveries',
    where: [
      { path: 'type', is: '=', value: 'webhook-dispatch' },
      { path: 'state', is: '=', value: 'open' },
    ],
  });
  const steps = await simulation.documents({
    container: 'registries',
    where: [
      { path: 'type', is: 'in', values: ['webhook-health', 'webhook-redelivery'] },
      { path: 'at', is: '>', value: '' },
    ],
  });
  expect([...open, ...steps]).toEqual([]);
  const hooks = await simulation.documents({
    container: 'registries',
    where: [{ path: 'hook.brokenSince', is: '>', value: '' }],
  });
  expect(hooks).toEqual([]);
}

/**
 * Runs a story once to see how many calls it makes, then with a crash after each of them (`npm test`: some of them). A
 * crash before the next call leaves the same behind: what the calls up to there have done.
 */
async function withEveryCrash(story: (simulation: Simulation) => Promise<void>): Promise<number> {
  const calm = new Simulation();
  const plan = new CallPlan();
  calm.plans.push(plan);
  await story(calm);
  for (const n of [0, ...callsToFail(1, plan.total())]) {
    const simulation = new Simulation();
    simulation.plans.push(n === 0 ? new CallPlan().crashBefore(1) : new CallPlan().crashAfter(n));
    await story(simulation).catch((error: unknown) => {
      throw new Error(`after call ${n} (${plan.list[n - 1] ?? ''}): ${(error as Error).message}`, { cause: error });
    });
  }
  return plan.total();
}

describe('a crash at every call of a store, a queue, the topic or a receiver', () => {
  it('loses no event on its way to three hooks, one of which fails twice', async () => {
    const calls = await withEveryCrash(async (simulation) => {
      const began = simulation.now;
      for (const name of ['first', 'second', 'third']) await simulation.hook(name);
      simulation.receivers.set('second.example', (_, now) => (now < began + 20 * second ? down() : answered(200)));
      const events = [simulation.push('e1'), simulation.push('e2')];
      await simulation.runFor(2 * hour);
      await expectAllDelivered(simulation, ['first', 'second', 'third'], events);
    });
    expect(calls).toBeGreaterThan(40);
  });

  it('makes no second attempt when the first was recorded before it', async () => {
    const names = ['first', 'second', 'third'];
    const simulation = new Simulation();
    for (const name of names) await simulation.hook(name);
    simulation.receivers.set('third.example', down);
    // The marker, the look-up, three posts, three writes, and then the message of the one that failed.
    simulation.plans.push(new CallPlan().crashBefore(9));
    simulation.push('e1');
    await simulation.turn();
    expect(await simulation.deliveries()).toHaveLength(3);
    simulation.receivers.clear();
    await simulation.runFor(hour);
    expect(names.map((name) => simulation.gotBy(name).length)).toEqual([1, 1, 2]);
    expect((await simulation.deliveries()).map(({ attempted }) => attempted).sort()).toEqual([1, 1, 2]);
  });

  it('loses none of those that wait for a breaker, while it opens, probes, closes and sends the held-back ones', async () => {
    const calls = await withEveryCrash(async (simulation) => {
      const began = simulation.now;
      await simulation.hook('broken', { retrySeconds: [30, 60] });
      await simulation.hook('operator', { actions: ['Longshore.WebhookFailing', 'Longshore.WebhookRecovered'] });
      simulation.receivers.set('broken.example', (_, now) => (now < began + 2 * minute ? down() : answered(200)));
      const events = Array.from({ length: 21 }, (_, n) => simulation.push(`e${n}`));
      await simulation.runFor(second);
      events.push(simulation.push('late'), simulation.push('later'));
      await simulation.runFor(4 * hour);
      const told = simulation.gotBy('operator').map(({ body }) => (JSON.parse(body) as { type: string }).type);
      expect(new Set(told)).toEqual(new Set(['Longshore.WebhookFailing', 'Longshore.WebhookRecovered']));
      const ids = new Set(simulation.gotBy('broken').map(({ id }) => id));
      expect(ids).toEqual(new Set(events.map((event) => deliveryIdOf(registry, 'broken', event))));
      expect((await simulation.deliveries()).filter(({ status }) => status !== 'delivered')).toEqual([]);
      expect(await simulation.deliveries('broken')).toHaveLength(events.length);
      await expectNothingLeft(simulation);
    });
    expect(calls).toBeGreaterThan(200);
  }, 240_000);

  it('loses none that is sent again, one by one or all since a time', async () => {
    const story = async (simulation: Simulation) => {
      const began = simulation.now;
      await simulation.hook('receiver', { retrySeconds: [5], giveUpSeconds: 20 });
      simulation.receivers.set('receiver.example', (_, now) => (now < began + 10 * minute ? down() : answered(200)));
      const events = Array.from({ length: 4 }, (_, n) => simulation.push(`e${n}`));
      await simulation.runFor(10 * minute);
      const first = (await simulation.deliveries())[0]?.deliveryId ?? '';
      // A client that gets no answer asks again.
      while ((await simulation.alive((ports) => redeliver(ports, 'receiver', first))) === undefined);
      while (
        (await simulation.alive((ports) => redeliverSince(ports, 'receiver', new Date(began).toISOString()))) ===
        undefined
      );
      await simulation.runFor(2 * hour);
      await expectAllDelivered(simulation, ['receiver'], events);
    };
    expect(await withEveryCrash(story)).toBeGreaterThan(60);
  }, 120_000);
});

describe('whatever goes wrong', () => {
  it('each event reaches each hook at least once with one id and one delivery, and nothing is left', async () => {
    const fault = fc.record({
      kind: fc.constantFrom('crashBefore', 'crashAfter', 'failOn', 'loseAnswerOn'),
      n: fc.integer({ min: 1, max: 120 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fault, { maxLength: 3 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.infiniteStream(fc.nat({ max: 1_000_000 })),
        fc.record({
          flaky: fc.integer({ min: 0, max: 4 }),
          downSeconds: fc.integer({ min: 0, max: 600 }),
          events: fc.integer({ min: 1, max: 26 }),
        }),
        async (plans, copies, random, { flaky, downSeconds, events }) => {
          const simulation = new Simulation();
          const next = () => random.next().value as number;
          simulation.copies = copies;
          simulation.shuffle = (list) =>
            list
              .map((each) => ({ each, at: next() }))
              .sort((a, b) => a.at - b.at)
              .map(({ each }) => each);
          for (const plan of plans) {
            const calls = new CallPlan();
            for (const { kind, n } of plan) {
              if (kind === 'failOn' || kind === 'loseAnswerOn') calls[kind](n, 1);
              else calls[kind](n);
            }
            simulation.plans.push(calls);
          }
          const began = simulation.now;
          for (const name of ['steady', 'flaky', 'broken']) await simulation.hook(name);
          simulation.receivers.set('flaky.example', (_, now) =>
            now < began + hour && next() % 5 < flaky ? { is: 'timeout', why: 'no answer', ms: 15_000 } : answered(200),
          );
          simulation.receivers.set('broken.example', (_, now) =>
            now < began + downSeconds * second ? down() : answered(200),
          );
          const pushed = [];
          for (let n = 0; n < events; n += 1) {
            pushed.push(simulation.push(`e${n}`));
            if (next() % 3 === 0) await simulation.runFor(second);
          }
          await simulation.runFor(20 * hour);
          await expectAllDelivered(simulation, ['steady', 'flaky', 'broken'], pushed);
        },
      ),
      { numRuns: sized(15, 60) },
    );
  }, 240_000);
});
