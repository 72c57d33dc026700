import { describe, expect, it } from 'vitest';
import type { Webhook } from '../../../../shared/features/webhooks/documents.ts';
import { takeEvent } from '../../../../shared/features/webhooks/marker.ts';
import { beginHeldBack } from '../../../../shared/features/webhooks/record-attempt.ts';
import { redeliver } from '../../../../shared/features/webhooks/redeliver.ts';
import { sized } from '../../../deep.ts';
import { answered, hour, minute, pushEvent, second, Simulation } from './simulation.ts';

const down = () => answered(503);

/** As Event Grid does: so many at a time. */
async function pushMany(simulation: Simulation, count: number, atOnce = 16): Promise<void> {
  for (let n = 0; n < count; n += atOnce) {
    for (let each = n; each < Math.min(count, n + atOnce); each += 1) simulation.push(`e${each}`);
    await simulation.turn();
    simulation.clock.advance(10);
  }
}

function bodies(simulation: Simulation, name: string): { type: string; data: { target: { webhook: string } } }[] {
  return simulation
    .gotBy(name)
    .map(({ body }) => JSON.parse(body) as { type: string; data: { target: { webhook: string } } });
}

const many = sized(1_000, 10_000);

describe(`a dead receiver of ${many} events`, () => {
  it('is posted to some dozens of times; others get theirs at once; when it is back it gets all, the oldest first', async () => {
    const simulation = new Simulation();
    await simulation.hook('dead', { actions: ['push', 'Longshore.WebhookFailing', 'Longshore.WebhookRecovered'] });
    await simulation.hook('live');
    await simulation.hook('operator', { actions: ['Longshore.WebhookFailing', 'Longshore.WebhookRecovered'] });
    const back = simulation.now + 10 * hour;
    simulation.receivers.set('dead.example', (_, now) => (now < back ? down() : answered(200)));
    await pushMany(simulation, many);
    expect(simulation.gotBy('live')).toHaveLength(many);
    expect(simulation.gotBy('dead').length).toBeLessThan(80);
    // No message waits for what the breaker holds back.
    expect(simulation.queued()).toBeLessThan(80);
    await simulation.run(back);
    const probes = simulation.gotBy('dead').length;
    expect(probes).toBeLessThan(120);
    expect(await simulation.readHook('dead')).toHaveProperty('brokenSince');
    expect((await simulation.deliveries('dead')).every(({ status }) => status === 'waiting')).toBe(true);
    await simulation.runFor(2 * hour);
    const deliveries = await simulation.deliveries('dead');
    expect(deliveries).toHaveLength(many);
    expect(deliveries.filter(({ status }) => status !== 'delivered')).toEqual([]);
    const arrived = simulation
      .gotBy('dead')
      .slice(probes)
      .map(({ id }) => id);
    expect(new Set(arrived).size).toBe(arrived.length);
    const place = new Map(deliveries.map(({ deliveryId }, index) => [deliveryId, index]));
    const order = arrived.map((id) => place.get(id) ?? -1);
    // Eight go side by side, and those pushed in one millisecond have no order.
    expect(order.every((at, index) => at >= Math.max(-1, ...order.slice(Math.max(0, index - 64), index)) - 64)).toBe(
      true,
    );
    const spread = simulation
      .gotBy('dead')
      .slice(probes)
      .map(({ at }) => Math.floor(at / second));
    expect(
      Math.max(...[...new Set(spread)].map((each) => spread.filter((at) => at === each).length)),
    ).toBeLessThanOrEqual(101);
    expect(bodies(simulation, 'operator').map(({ type, data }) => [type, data.target.webhook])).toEqual([
      ['Longshore.WebhookFailing', 'dead'],
      ['Longshore.WebhookRecovered', 'dead'],
    ]);
    expect(bodies(simulation, 'dead').filter(({ type }) => type.startsWith('Longshore.'))).toEqual([]);
    expect(simulation.queued()).toBe(0);
    expect(await simulation.readHook('dead')).not.toHaveProperty('brokenSince');
    expect(
      await simulation.documents({
        container: 'registries',
        where: [{ path: 'type', is: '=', value: 'webhook-health' }],
      }),
    ).toEqual([]);
  }, 240_000);

  it('that never comes back loses none before its deadline, and all of them expire', async () => {
    const simulation = new Simulation();
    await simulation.hook('dead');
    simulation.receivers.set('dead.example', down);
    await pushMany(simulation, 1_000);
    await simulation.runFor(23 * hour + 59 * minute);
    expect((await simulation.deliveries('dead')).every(({ status }) => status === 'waiting')).toBe(true);
    await simulation.runFor(2 * hour);
    const deliveries = await simulation.deliveries('dead');
    expect(deliveries.filter(({ status }) => status !== 'expired')).toEqual([]);
    expect(deliveries.every(({ endedAt, deadline }) => endedAt !== undefined && endedAt >= deadline)).toBe(true);
    expect(simulation.gotBy('dead').length).toBeLessThan(120);
    expect(simulation.queued()).toBe(0);
    // Nobody has seen it work, and the next event tries.
    expect(await simulation.readHook('dead')).not.toHaveProperty('brokenSince');
  }, 240_000);
});

describe('the breaker', () => {
  it.each([
    [19, false],
    [20, true],
  ])('with %d deliveries that each failed once is open: %s', async (count, isOpen) => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    simulation.receivers.set('receiver.example', down);
    for (let n = 0; n < count; n += 1) {
      simulation.push(`e${n}`);
      await simulation.turn();
    }
    expect(simulation.got).toHaveLength(count);
    const hook = await simulation.readHook('receiver');
    if (isOpen) expect(hook).toHaveProperty('brokenSince');
    else expect(hook).not.toHaveProperty('brokenSince');
  });

  it('stays closed for a few events, however long and often they fail', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    simulation.receivers.set('receiver.example', down);
    for (let n = 0; n < 19; n += 1) simulation.push(`e${n}`);
    await simulation.runFor(23 * hour);
    expect(simulation.got.length).toBeGreaterThan(19 * 25);
    expect(await simulation.readHook('receiver')).not.toHaveProperty('brokenSince');
  }, 60_000);

  it('stays closed while some of many attempts succeed', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    let n = 0;
    simulation.receivers.set('receiver.example', () => ((n += 1) % 10 === 0 ? answered(200) : down()));
    await pushMany(simulation, 200);
    expect(await simulation.readHook('receiver')).not.toHaveProperty('brokenSince');
  });

  it('opens again when the receiver fails while held-back deliveries are sent', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    let good = 0;
    simulation.receivers.set('receiver.example', () => ((good -= 1) >= 0 ? answered(200) : down()));
    await pushMany(simulation, 200);
    good = 60;
    await simulation.runFor(hour);
    expect(await simulation.readHook('receiver')).toHaveProperty('brokenSince');
    expect(simulation.got.length).toBeLessThan(200);
    good = Infinity;
    await simulation.runFor(3 * hour);
    expect((await simulation.deliveries()).filter(({ status }) => status !== 'delivered')).toEqual([]);
  }, 60_000);

  it('stays open over a burst that is followed by nothing, until the receiver works', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    const up = simulation.now + 3 * hour;
    simulation.receivers.set('receiver.example', (_, now) => (now < up ? down() : answered(200)));
    for (let n = 0; n < 40; n += 1) simulation.push(`e${n}`);
    await simulation.turn();
    await simulation.run(up);
    expect(await simulation.readHook('receiver')).toHaveProperty('brokenSince');
    expect(simulation.got.length).toBeLessThan(60);
    await simulation.runFor(2 * hour);
    expect((await simulation.deliveries()).filter(({ status }) => status !== 'delivered')).toEqual([]);
    expect(await simulation.readHook('receiver')).not.toHaveProperty('brokenSince');
  });

  it('lets a requested redelivery through, and closes when that shows that the receiver works', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    simulation.receivers.set('receiver.example', down);
    await pushMany(simulation, 60);
    await simulation.runFor(2 * hour);
    simulation.receivers.clear();
    const [oldest] = await simulation.deliveries();
    await redeliver(simulation.ports, 'receiver', oldest?.deliveryId ?? '');
    await simulation.runFor(minute);
    expect((await simulation.deliveries()).filter(({ status }) => status !== 'delivered')).toEqual([]);
  });

  it('loses no event that was found while it was open and written after its last check', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    simulation.receivers.set('receiver.example', down);
    await pushMany(simulation, 60);
    const found = await simulation.readHook('receiver');
    expect(found).toHaveProperty('brokenSince');
    simulation.receivers.clear();
    await simulation.runFor(2 * hour);
    const late = pushEvent('late', simulation.clock.now());
    await takeEvent(simulation.ports, late);
    await beginHeldBack(simulation.ports, found as Webhook, late);
    await simulation.runFor(second);
    expect(await simulation.deliveries()).toHaveLength(61);
    expect((await simulation.deliveries()).filter(({ status }) => status !== 'delivered')).toEqual([]);
  });

  it.each([
    [
      'disabled',
      (simulation: Simulation) =>
        simulation.change('receiver', ({ brokenSince: _broken, ...hook }) => ({
          ...hook,
          status: 'disabled' as const,
        })),
      'cancelled',
    ],
    [
      'mended by its owner',
      (simulation: Simulation) =>
        simulation.change('receiver', ({ brokenSince: _broken, ...hook }) => ({
          ...hook,
          serviceUri: 'https://mended.example/',
        })),
      'delivered',
    ],
  ])('of a hook that is %s leaves nothing waiting', async (_, change, status) => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    simulation.receivers.set('receiver.example', down);
    await pushMany(simulation, 60);
    await change(simulation);
    const before = simulation.gotBy('receiver').length;
    await simulation.runFor(2 * hour);
    expect(simulation.gotBy('receiver')).toHaveLength(before);
    expect((await simulation.deliveries()).filter((delivery) => delivery.status !== status)).toEqual([]);
    expect(simulation.queued()).toBe(0);
  });
});
