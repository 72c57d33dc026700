import { describe, expect, it } from 'vitest';
import { redeliverSince } from '../../../../shared/features/webhooks/redeliver-since.ts';
import { usualRetrySeconds } from '../../../../shared/features/webhooks/schedule.ts';
import { answered, hour, minute, second, Simulation } from './simulation.ts';

/** Answers as a receiver that is down does. */
const down = () => answered(503);

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((at, index) => at - (times[index] ?? 0));
}

/** The waits of the usual schedule, in milliseconds, as many as were made. */
function usual(count: number): number[] {
  return Array.from({ length: count }, (_, index) => (usualRetrySeconds[index] ?? 3_600) * second);
}

describe('a receiver that is down for 20 hours', () => {
  it('gets its event as often as the schedule says, until it works; the log says the same', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    const up = simulation.now + 20 * hour;
    simulation.receivers.set('receiver.example', (_, now) => (now < up ? down() : answered(200)));
    simulation.push('e1');
    await simulation.runFor(26 * hour);
    const times = simulation.gotBy('receiver').map(({ at }) => at);
    const waits = gaps(times);
    expect(times.filter((at) => at >= up)).toHaveLength(1);
    expect(times.length).toBeGreaterThanOrEqual(24);
    for (const [index, wanted] of usual(waits.length).entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(0.9 * wanted);
      expect(waits[index]).toBeLessThanOrEqual(1.1 * wanted);
    }
    const [delivery] = await simulation.deliveries();
    expect(delivery).toMatchObject({
      status: 'delivered',
      attempted: times.length,
      endedAt: new Date(times.at(-1) ?? 0).toISOString(),
    });
    expect(delivery?.attempts.map(({ at }) => Date.parse(at))).toEqual(times);
    expect(delivery?.attempts.map(({ number }) => number)).toEqual(times.map((_, index) => index + 1));
    expect(new Set(simulation.got.map(({ id }) => id))).toEqual(new Set([delivery?.deliveryId]));
    expect(simulation.queued()).toBe(0);
  });
});

describe('a receiver that is down for 25 hours', () => {
  const events = ['e1', 'e2', 'e3'];

  it(
    'loses nothing before its 24 hours: its events end as expired at the last attempt, and one request brings ' +
      'all of them back',
    async () => {
      const simulation = new Simulation();
      await simulation.hook('receiver');
      const began = simulation.now;
      simulation.receivers.set('receiver.example', (_, now) => (now < began + 25 * hour ? down() : answered(200)));
      for (const event of events) simulation.push(event);
      await simulation.runFor(25 * hour);
      const expired = await simulation.deliveries();
      expect(expired.map(({ status, failure }) => [status, failure])).toEqual(events.map(() => ['expired', 'failing']));
      for (const { attempts, endedAt } of expired) {
        expect(Date.parse(attempts.at(-1)?.at ?? '')).toBe(began + 24 * hour);
        expect(Date.parse(endedAt ?? '')).toBe(began + 24 * hour);
      }
      expect(simulation.queued()).toBe(0);
      const ids = new Set(simulation.got.map(({ id }) => id));
      simulation.got.length = 0;
      await redeliverSince(simulation.ports, 'receiver', new Date(began).toISOString());
      await simulation.runFor(minute);
      expect(simulation.got).toHaveLength(3);
      expect(new Set(simulation.got.map(({ id }) => id))).toEqual(ids);
      expect((await simulation.deliveries()).map(({ status }) => status)).toEqual([
        'delivered',
        'delivered',
        'delivered',
      ]);
      expect(
        await simulation.documents({
          container: 'registries',
          where: [{ path: 'type', is: '=', value: 'webhook-redelivery' }],
        }),
      ).toMatchObject([{ state: 'done', redelivered: 3 }]);
    },
  );
});

describe('copies', () => {
  it('of events and messages, three of each at once, make no attempt twice and none too early', async () => {
    const simulation = new Simulation();
    simulation.copies = 3;
    await simulation.hook('receiver');
    const up = simulation.now + hour;
    simulation.receivers.set('receiver.example', (_, now) => (now < up ? down() : answered(200)));
    simulation.push('e1');
    await simulation.runFor(50 * minute);
    expect(simulation.queued()).toBe(1);
    await simulation.runFor(2 * hour);
    const times = simulation.gotBy('receiver').map(({ at }) => at);
    const [delivery] = await simulation.deliveries();
    expect(delivery).toMatchObject({ status: 'delivered', attempted: times.length });
    for (const [index, wait] of gaps(times).entries())
      expect(Math.abs(wait - (usual(times.length)[index] ?? 0))).toBeLessThanOrEqual(
        0.1 * (usual(times.length)[index] ?? 0),
      );
    expect(simulation.queued()).toBe(0);
  });
});

describe('the schedule of a hook', () => {
  it('is its own where it has one, the last wait repeated until its own end', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver', { retrySeconds: [10, 100], giveUpSeconds: 600 });
    simulation.receivers.set('receiver.example', down);
    const began = simulation.now;
    simulation.push('e1');
    await simulation.runFor(hour);
    const times = simulation.got.map(({ at }) => at);
    expect(times.at(-1)).toBe(began + 600 * second);
    for (const [index, wait] of gaps(times).slice(0, -1).entries()) {
      const wanted = (index === 0 ? 10 : 100) * second;
      expect(Math.abs(wait - wanted)).toBeLessThanOrEqual(0.1 * wanted);
    }
    expect((await simulation.deliveries())[0]?.status).toBe('expired');
  });

  it('is put off by Retry-After, in seconds or as a date, and never before its own time', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    const began = simulation.now;
    const answers = [
      answered(429, { 'retry-after': '120' }),
      answered(503, { 'retry-after': new Date(began + hour).toUTCString() }),
      answered(503, { 'retry-after': '1' }),
      answered(503, { 'retry-after': 'soon' }),
      answered(200),
    ];
    simulation.receivers.set('receiver.example', () => answers.shift() ?? answered(200));
    simulation.push('e1');
    await simulation.runFor(5 * hour);
    const [first = 0, second_ = 0, third = 0, fourth = 0, fifth = 0] = simulation.got.map(({ at }) => at);
    expect(second_ - first).toBe(120 * second);
    expect(third).toBe(began + hour);
    expect(Math.abs(fourth - third - 2 * minute)).toBeLessThanOrEqual(12 * second);
    expect(Math.abs(fifth - fourth - 10 * minute)).toBeLessThanOrEqual(minute);
  });

  it('ends at its deadline also when Retry-After asks for more', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    simulation.receivers.set('receiver.example', () => answered(503, { 'retry-after': '999999999' }));
    const began = simulation.now;
    simulation.push('e1');
    await simulation.runFor(30 * hour);
    expect(simulation.got.map(({ at }) => at - began)).toEqual([0, 24 * hour]);
    expect((await simulation.deliveries())[0]?.status).toBe('expired');
  });
});

describe('an answer', () => {
  it.each([
    [301, 'failing'],
    [304, 'failing'],
    [400, 'rejected'],
    [401, 'rejected'],
    [404, 'rejected'],
    [408, 'failing'],
    [413, 'rejected'],
    [429, 'failing'],
    [500, 'failing'],
  ])('of %i is marked as %s, and tried again', async (status, failure) => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    simulation.receivers.set('receiver.example', () => answered(status));
    simulation.push('e1');
    await simulation.turn();
    expect(await simulation.deliveries()).toMatchObject([{ status: 'waiting', failure, attempted: 1 }]);
    simulation.receivers.clear();
    await simulation.runFor(minute);
    const [delivery] = await simulation.deliveries();
    expect(delivery).toMatchObject({ status: 'delivered', attempted: 2 });
    expect(delivery?.failure).toBeUndefined();
  });

  it.each([200, 201, 204, 299])('of %i is success', async (status) => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    simulation.receivers.set('receiver.example', () => answered(status));
    simulation.push('e1');
    await simulation.runFor(hour);
    expect(simulation.got).toHaveLength(1);
    expect((await simulation.deliveries())[0]?.status).toBe('delivered');
  });

  it('that does not come is recorded by its kind', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    for (const is of ['timeout', 'unreachable', 'refused'] as const) {
      simulation.receivers.set('receiver.example', () => ({ is, why: `it is ${is}`, ms: 5 }));
      simulation.push(is);
      await simulation.turn();
      simulation.clock.advance(1);
    }
    expect((await simulation.deliveries()).map(({ failure, attempts }) => [failure, attempts[0]?.outcome])).toEqual(
      ['timeout', 'unreachable', 'refused'].map((is) => [is, { is, why: `it is ${is}` }]),
    );
  });

  it('of 410 disables the hook, which says why, ends the delivery, and is published to other hooks', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver', { actions: ['push', 'Longshore.WebhookDisabled'] });
    await simulation.hook('operator', { actions: ['Longshore.WebhookDisabled'] });
    simulation.receivers.set('receiver.example', () => answered(410));
    simulation.push('e1');
    await simulation.runFor(hour);
    simulation.push('e2');
    await simulation.runFor(hour);
    expect(simulation.gotBy('receiver')).toHaveLength(1);
    expect(await simulation.readHook('receiver')).toMatchObject({
      status: 'disabled',
      disabledBecause: 'the receiver answered 410 Gone',
    });
    expect(await simulation.deliveries('receiver')).toMatchObject([
      { status: 'cancelled', because: 'the receiver answered 410 Gone' },
    ]);
    expect(simulation.gotBy('operator').map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
      {
        type: 'Longshore.WebhookDisabled',
        subject: 'receiver',
        data: { target: { webhook: 'receiver', host: 'receiver.example' } },
      },
    ]);
  });
});

describe('a delivery that is queued for a hook', () => {
  it.each([
    [
      'is disabled',
      (simulation: Simulation) => simulation.change('receiver', (hook) => ({ ...hook, status: 'disabled' as const })),
      'the webhook is disabled',
    ],
    [
      'is made anew under its name',
      (simulation: Simulation) => simulation.change('receiver', (hook) => ({ ...hook, uid: 'another' })),
      'the webhook was deleted',
    ],
  ])('that %s is not sent any more', async (_, change, because) => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    simulation.receivers.set('receiver.example', down);
    simulation.push('e1');
    await simulation.turn();
    await change(simulation);
    await simulation.runFor(hour);
    expect(simulation.got).toHaveLength(1);
    expect(await simulation.deliveries()).toMatchObject([{ status: 'cancelled', because }]);
    expect(simulation.queued()).toBe(0);
  });

  it('whose receiver moved goes to where it is now', async () => {
    const simulation = new Simulation();
    await simulation.hook('receiver');
    simulation.receivers.set('receiver.example', down);
    simulation.push('e1');
    await simulation.turn();
    await simulation.change('receiver', (hook) => ({ ...hook, serviceUri: 'https://moved.example/' }));
    await simulation.runFor(hour);
    expect(simulation.got.map(({ host }) => host)).toEqual(['receiver.example', 'moved.example']);
  });
});
