import { describe, expect, it } from 'vitest';
import type { Registry } from './building.ts';
import { host, registry, upload } from './building.ts';

const hourMs = 3_600_000;

async function daily(settings: object = {}): Promise<Registry> {
  const of = registry();
  const context = { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) };
  expect(
    await of.api('PUT', '/tasks/app', {
      image: 'app:1',
      context,
      schedule: { every: 'day', at: '03:00' },
      ...settings,
    }),
  ).toMatchObject({ status: expect.toBeOneOf([200, 201]) as number });
  return of;
}

const built = (of: Registry) => of.events('Longshore.BuildSucceeded').length;

/** So many hours, with a timer that starts in each. */
async function hours(of: Registry, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    of.clock.advance(hourMs);
    await of.process().timers['builds-sweep']();
    await of.settle();
  }
}

describe('a task with a schedule', () => {
  it('is built once in each of its times, and says when next', async () => {
    const of = await daily();
    await hours(of, 24);
    expect(built(of)).toBe(1);
    await hours(of, 48);
    expect(built(of)).toBe(3);
    const { dueAt } = (await of.api('GET', '/tasks/app')).body as { dueAt: string };
    expect(dueAt).toMatch(/T03:00:00.000Z$/);
    expect(Date.parse(dueAt)).toBeGreaterThan(of.clock.now().getTime());
  });

  it('is built once by several timers at the same moment, and once for all times that were missed', async () => {
    const of = await daily();
    of.clock.advance(10 * 24 * hourMs);
    await Promise.all([of.process(), of.process(), of.process()].map((one) => one.timers['builds-sweep']()));
    await of.settle();
    await hours(of, 1);
    expect(built(of)).toBe(1);
  });

  it('is not built while it is disabled, or after its schedule was removed', async () => {
    const of = await daily({ enabled: false });
    await hours(of, 30);
    const kept = await daily();
    const {
      schedule: _,
      dueAt: __,
      name: ___,
      bases: ____,
      found: ________,
      commit: _____,
      createdAt: ______,
      updatedAt: _______,
      ...settings
    } = (await kept.api('GET', '/tasks/app')).body;
    expect(await kept.api('PUT', '/tasks/app', settings)).toMatchObject({
      status: expect.toBeOneOf([200, 201]) as number,
    });
    await hours(kept, 30);
    expect([built(of), built(kept)]).toEqual([0, 0]);
  });

  it.each([[{ every: 'minute' }], [{ every: 'day', at: '25:00' }], ['0 3 * * *']])(
    'is refused with a schedule that is none: %j',
    async (schedule) => {
      const of = await daily();
      expect(
        await of.api('PUT', '/tasks/app', {
          image: 'app:1',
          context: { repository: 'contexts', digest: await upload(of, 'contexts', 'FROM scratch') },
          schedule,
        }),
      ).toMatchObject({ status: 400 });
    },
  );
});
