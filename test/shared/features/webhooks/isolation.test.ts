import { describe, expect, it } from 'vitest';
import { deliver } from '../../../../shared/features/webhooks/deliver.ts';
import { dispatch } from '../../../../shared/features/webhooks/dispatch.ts';
import { dispatchLimits, retryLimits } from '../../../../shared/features/webhooks/host-limits.ts';
import { sweepWebhooks } from '../../../../shared/features/webhooks/sweep.ts';
import type { Answer } from './simulation.ts';
import { answered, minute, pushEvent, second, Simulation } from './simulation.ts';

/** A receiver that takes a request and says nothing, until it is let go. */
function hanging(simulation: Simulation, name: string): () => void {
  const held: ((answer: Answer) => void)[] = [];
  simulation.receivers.set(`${name}.example`, () => new Promise((resolve) => held.push(resolve)));
  return () => {
    simulation.receivers.delete(`${name}.example`);
    for (const resolve of held.splice(0)) resolve({ is: 'timeout', why: 'no answer', ms: 15_000 });
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('a receiver that hangs', () => {
  it('keeps no other from its event, and takes no more places than a host begins with: the rest is for the queue', async () => {
    const simulation = new Simulation();
    await simulation.hook('hangs');
    await simulation.hook('lives');
    const letGo = hanging(simulation, 'hangs');
    const { ports, calls } = simulation.connect();
    const events = 40;
    const runs = Array.from({ length: events }, (_, n) => dispatch(ports, pushEvent(`e${n}`, simulation.clock.now())));
    await settled();
    expect(simulation.gotBy('lives')).toHaveLength(events);
    expect(simulation.gotBy('hangs')).toHaveLength(dispatchLimits.fewest);
    await new Promise((resolve) => setTimeout(resolve, dispatchLimits.patienceMs));
    await settled();
    expect(calls.count('queues.send')).toBe(events - dispatchLimits.fewest);
    expect((await simulation.deliveries('hangs')).map(({ status, attempted }) => [status, attempted])).toEqual(
      Array.from({ length: events - dispatchLimits.fewest }, () => ['waiting', 0]),
    );
    letGo();
    await Promise.all(runs);
    await simulation.runFor(5 * minute);
    expect((await simulation.deliveries()).filter(({ status }) => status !== 'delivered')).toEqual([]);
  });

  it("takes some slots of the queue's function and gives the others back: its messages come again, those for others are done", async () => {
    const simulation = new Simulation();
    await simulation.hook('hangs');
    await simulation.hook('lives');
    for (const name of ['hangs', 'lives']) simulation.receivers.set(`${name}.example`, () => answered(500));
    for (let n = 0; n < 15; n += 1) simulation.push(`e${n}`);
    await simulation.turn();
    simulation.receivers.clear();
    const letGo = hanging(simulation, 'hangs');
    simulation.clock.advance(6 * second);
    const { ports } = simulation.connect();
    const before = simulation.got.length;
    let over = 0;
    const runs = simulation.world
      .region()
      .queues.drain('webhook-deliveries')
      .map((message) => deliver(ports, message).then(() => (over += 1)));
    expect(runs).toHaveLength(30);
    await settled();
    expect(simulation.got.slice(before).filter(({ host }) => host === 'lives.example')).toHaveLength(15);
    expect(simulation.got.slice(before).filter(({ host }) => host === 'hangs.example')).toHaveLength(
      retryLimits.fewest,
    );
    await new Promise((resolve) => setTimeout(resolve, retryLimits.patienceMs));
    await settled();
    expect(over).toBe(30 - retryLimits.fewest);
    expect(simulation.queued()).toBe(15 - retryLimits.fewest);
    letGo();
    await Promise.all(runs);
    await simulation.runFor(5 * minute);
    expect((await simulation.deliveries()).filter(({ status }) => status !== 'delivered')).toEqual([]);
  });
});

describe('a probe of the breaker that is under way', () => {
  it('is not made again for a copy of its message, which checks again when it is over', async () => {
    const simulation = new Simulation();
    await simulation.hook('hangs');
    simulation.receivers.set('hangs.example', () => answered(500));
    for (let n = 0; n < 40; n += 1) simulation.push(`e${n}`);
    await simulation.turn();
    await simulation.runFor(10 * second);
    const { ports, calls } = simulation.connect();
    const letGo = hanging(simulation, 'hangs');
    simulation.clock.advance(minute);
    const probes = simulation.world
      .region()
      .queues.drain('webhook-deliveries')
      .filter((message) => (message as { do: string }).do === 'breaker');
    expect(probes).toHaveLength(1);
    const before = simulation.got.length;
    const first = deliver(ports, probes[0]);
    await settled();
    await deliver(ports, probes[0]);
    expect(simulation.got).toHaveLength(before + 1);
    expect(calls.count('queues.send')).toBe(1);
    letGo();
    await first;
    await simulation.runFor(5 * minute);
    expect((await simulation.deliveries()).filter(({ status }) => status !== 'delivered')).toEqual([]);
  });
});

describe('a message or a document that cannot be read', () => {
  it('is dropped from the queue, and does not stop the sweep of others', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    for (const message of [
      undefined,
      'text',
      { do: 'attempt' },
      { do: 'attempt', name: 'receiver', deliveryId: 'none', number: 1 },
      { do: 'other' },
    ])
      await deliver(simulation.ports, message);
    simulation.receivers.set('receiver.example', () => answered(500));
    simulation.push('e1');
    await simulation.turn();
    const [delivery] = await simulation.documents({
      container: 'deliveries',
      where: [{ path: 'type', is: '=', value: 'delivery' }],
    });
    const strange = {
      ...delivery,
      id: 'strange',
      attempts: 'none',
      dueAt: '2026-01-01T00:00:00Z',
      deadline: '2026-01-01T00:00:00Z',
    };
    await simulation.ports.documents.commitDocuments(
      'deliveries',
      [String(delivery?.webhook), String(delivery?.day)],
      [{ do: 'create', document: strange }],
    );
    simulation.world.region().queues.drain('webhook-deliveries');
    simulation.clock.advance(6 * second);
    simulation.world.region().queues.drain('webhook-deliveries');
    simulation.clock.advance(5 * minute);
    expect(await sweepWebhooks(simulation.ports)).toEqual({ dispatched: 0, expired: 0, resent: 1 });
  });

  it('as an event of a hook whose secrets no key opens is in the log with why, and tried again when it can be', async () => {
    const simulation = new Simulation();
    const hook = await simulation.hook('receiver');
    await simulation.change('receiver', (before) => ({
      ...before,
      secrets: before.secrets.map((secret) => ({ ...secret, sealed: { ...secret.sealed, key: 'lost' } })),
    }));
    simulation.push('e1');
    await simulation.turn();
    expect(await simulation.deliveries()).toMatchObject([
      {
        status: 'waiting',
        failure: 'refused',
        attempts: [
          {
            outcome: { is: 'refused', why: 'no secret of the webhook "receiver" can be decrypted: rotate its secret' },
          },
        ],
      },
    ]);
    await simulation.change('receiver', (before) => ({ ...before, secrets: hook.secrets }));
    await simulation.runFor(minute);
    expect((await simulation.deliveries())[0]?.status).toBe('delivered');
  });
});
