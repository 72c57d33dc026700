import { describe, expect, it } from 'vitest';
import type { CallName } from '../../../../shared/adapters/memory/calls.ts';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { deliver } from '../../../../shared/features/webhooks/deliver.ts';
import { dispatch } from '../../../../shared/features/webhooks/dispatch.ts';
import { findHooks } from '../../../../shared/features/webhooks/find.ts';
import { answered, minute, pushEvent, registry, Simulation } from './simulation.ts';

function countsOf(calls: CallPlan): Partial<Record<CallName, number>> {
  return Object.fromEntries([...new Set(calls.list)].map((name) => [name, calls.count(name)]));
}

async function dispatched(hooks: number): Promise<Partial<Record<CallName, number>>> {
  const simulation = new Simulation();
  for (let n = 0; n < hooks; n += 1) await simulation.hook(`matching${n}`);
  const { ports, calls } = simulation.connect();
  await dispatch(ports, pushEvent('e1', simulation.clock.now()));
  expect(simulation.got).toHaveLength(hooks);
  return countsOf(calls);
}

describe('the cost of an event', () => {
  it.each([0, 1, 100])(
    'is, with %i hooks that get it, one look-up, one marker made and closed, one post and one write each, and no message',
    async (hooks) => {
      const posts = hooks === 0 ? {} : { 'receiver.post': hooks };
      expect(await dispatched(hooks)).toEqual({ 'documents.query': 1, 'documents.commit': 2 + hooks, ...posts });
    },
  );

  it('is one query and one marker while no hook gets its type, and a new hook gets the next event', async () => {
    const simulation = new Simulation();
    const { ports, calls } = simulation.connect();
    await dispatch(ports, pushEvent('e1', simulation.clock.now()));
    for (const times of ['first', 'again']) {
      calls.resetCounts();
      await dispatch(ports, pushEvent('e2', simulation.clock.now()));
      expect([times, countsOf(calls)]).toEqual([times, { 'documents.query': 1, 'documents.commit': 1 }]);
    }
    await simulation.hook('new');
    // An event that matched no webhook at its time matches none when it is delivered again.
    for (const event of ['e2', 'e3', 'e3', 'e4']) await dispatch(ports, pushEvent(event, simulation.clock.now()));
    expect(simulation.got).toHaveLength(2);
  });

  it('is one message for each failure, and no more', async () => {
    const simulation = new Simulation();
    for (let n = 0; n < 10; n += 1) await simulation.hook(`matching${n}`);
    for (let n = 0; n < 3; n += 1) simulation.receivers.set(`matching${n}.example`, () => answered(500));
    const { ports, calls } = simulation.connect();
    await dispatch(ports, pushEvent('e1', simulation.clock.now()));
    expect(calls.count('queues.send')).toBe(3);
    expect(calls.count('events.publish')).toBe(0);
    // Delivered again it costs the look-up, and the marker that says so.
    calls.resetCounts();
    await dispatch(ports, pushEvent('e1', simulation.clock.now()));
    expect(countsOf(calls)).toEqual({ 'documents.query': 1, 'documents.commit': 1, 'documents.read': 1 });
  });

  it('is, for a retry that succeeds, two reads and that of the event, the claim and the outcome', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    simulation.receivers.set('receiver.example', () => answered(500));
    simulation.push('e1');
    await simulation.turn();
    simulation.receivers.clear();
    const calls = new CallPlan();
    simulation.clock.advance(minute);
    const [message] = simulation.world.region().queues.drain('webhook-deliveries');
    const { ports } = simulation.connect(calls);
    await deliver(ports, message);
    expect(countsOf(calls)).toEqual({ 'documents.read': 3, 'documents.commit': 2, 'receiver.post': 1 });
  });
});

describe('10,000 hooks that do not get an event', () => {
  it('do not change its cost, and are not read: it takes as long with them as with 10', async () => {
    const simulation = new Simulation();
    await simulation.hook('matching');
    const { documents } = connectMemory(simulation.world);
    const event = pushEvent('e1', simulation.clock.now());
    const fastest = async () => {
      const times: number[] = [];
      for (let round = 0; round < 40; round += 1) {
        const before = performance.now();
        expect(await findHooks(documents, registry, event)).toHaveLength(1);
        times.push(performance.now() - before);
      }
      return Math.min(...times);
    };
    for (let n = 0; n < 10; n += 1) await simulation.hook(`other${n}`, { scope: `other/${n}:*` });
    const few = await fastest();
    for (let n = 10; n < 10_000; n += 1) await simulation.hook(`other${n}`, { scope: `other/${n}:*` });
    // Looking at each is some hundred times slower; the bound leaves room for a busy machine.
    expect(await fastest()).toBeLessThan(10 * few + 1);
    const { ports, calls } = simulation.connect();
    await dispatch(ports, pushEvent('e2', simulation.clock.now()));
    expect(countsOf(calls)).toEqual({ 'documents.query': 1, 'documents.commit': 3, 'receiver.post': 1 });
  }, 120_000);
});
