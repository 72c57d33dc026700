import { describe, expect, it } from 'vitest';
import { makeImage } from '../../image.ts';
import type { World } from '../verdicts/held.ts';
import { heldWorld, manage, mark } from '../verdicts/held.ts';

const hour = 3_600_000;
const image = makeImage('forgotten');

async function covered(policy: object): Promise<World> {
  const world = await heldWorld();
  const repositories = { include: ['team/*'] };
  await manage(world, 'PUT', '/quarantine/policies/wait', { mode: 'enforce', repositories, ...policy });
  await world.push('team/app', 'v1', image);
  return world;
}

async function later(world: World, hours: number): Promise<void> {
  world.clock.pass(hours * hour);
  await world.timers['verdicts-judge-due']();
}

const timeouts = ({ world }: World) =>
  world.region().events.log.filter(({ type }) => type === 'Longshore.QuarantineTimedOut');

function verdictOf(world: World) {
  return manage<{ held: boolean; judgements: { state: string; reasons: string[] }[] }>(
    world,
    'GET',
    '/images/verdict?repository=team%2Fapp&reference=v1',
  );
}

describe('an image that nobody passes', () => {
  it('is told of once when its time is over, and goes on waiting where the policy only alerts', async () => {
    const world = await covered({ timeoutHours: 24 });
    await later(world, 23);
    expect(timeouts(world)).toEqual([]);
    await later(world, 1);
    await later(world, 24);
    expect(timeouts(world)).toMatchObject([
      {
        subject: `team/app@${image.digest}`,
        data: { waitingSince: '2026-01-01T00:00:00.000Z', verdict: { quarantine: { state: 'pending' } } },
      },
    ]);
    const { held, judgements } = await verdictOf(world);
    expect(held).toBe(true);
    expect(judgements).toMatchObject([
      {
        state: 'pending',
        reasons: ['nobody has passed it since 2026-01-01T00:00:00.000Z, and the policy allows 24 hours'],
        timedOutAt: '2026-01-02T00:00:00.000Z',
      },
    ]);
  });

  it('fails where the policy says so, and may be passed all the same', async () => {
    const world = await covered({ timeoutHours: 24, onTimeout: 'fail' });
    await later(world, 24);
    expect((await verdictOf(world)).judgements).toMatchObject([{ state: 'failed' }]);
    expect(timeouts(world)).toMatchObject([{ data: { verdict: { quarantine: { state: 'failed' } } } }]);
    await mark(world, world.scanner, image, 'Passed');
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(200);
  });

  it('has the time of its first push, however often it is pushed and judged', async () => {
    const world = await covered({ timeoutHours: 24 });
    await later(world, 12);
    await world.push('team/app', 'v2', image);
    await manage(world, 'PATCH', '/quarantine/policies/wait', { onTimeout: 'fail' });
    await later(world, 12);
    expect(timeouts(world)).toHaveLength(1);
  });

  it('has a time of its own from when somebody quarantines it again', async () => {
    const world = await covered({ timeoutHours: 24 });
    await mark(world, world.scanner, image, 'Passed');
    await later(world, 48);
    await mark(world, world.scanner, image, 'Quarantined');
    await later(world, 23);
    expect(timeouts(world)).toEqual([]);
    await later(world, 1);
    expect(timeouts(world)).toHaveLength(1);
  });

  it('waits for ever without a time-out, and by two policies fails when the longer one says so', async () => {
    const world = await covered({});
    await later(world, 10_000);
    expect(timeouts(world)).toEqual([]);
    await manage(world, 'PATCH', '/quarantine/policies/wait', { timeoutHours: 1 });
    const longer = { mode: 'enforce', timeoutHours: 8_500, onTimeout: 'fail' };
    await manage(world, 'PUT', '/quarantine/policies/longer', longer);
    await later(world, 0);
    expect(timeouts(world)).toHaveLength(1);
    expect((await verdictOf(world)).judgements).toMatchObject([{ state: 'failed' }]);
  });
});
