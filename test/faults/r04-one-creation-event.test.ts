import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { withoutLostAnswers } from '../draws.ts';
import { makeImage, pushBlob, putManifest } from '../shared/image.ts';

const created = (world: ReturnType<typeof createMemoryWorld>) =>
  world.region().events.log.filter(({ type }) => type === 'Longshore.RepositoryCreated');

describe('the creation of a repository', () => {
  it('is told of in one way, however many pushes into it begin at once, in one instance or in several', async () => {
    for (let n = 0; n < 5; n += 1) {
      const world = createMemoryWorld();
      // A push that loses the answer of its commit leaves its event to the sweep.
      const one = () => composeForTest({ world, connection: { chance: withoutLostAnswers() } });
      const instances = [one(), one(), one()];
      const images = Array.from({ length: 6 }, (_, at) => makeImage(`first ${n} ${at}`, 0));
      for (const { config } of images)
        await pushBlob(instances[0]?.app ?? composeForTest({ world }).app, 'team/new', config);
      // So they overlap.
      for (const { memory } of instances) memory.calls.delay(() => 1 + Math.random() * 4);
      const pushed = await Promise.all(
        images.map((image, at) =>
          putManifest((instances[at % 3] ?? composeForTest({ world })).app, 'team/new', `v${at}`, image),
        ),
      );
      expect(pushed.map(({ status }) => status)).toEqual(images.map(() => 201));
      expect(created(world)).toHaveLength(1);
      // Nothing of it waits for the sweep either.
      await instances[0]?.timers['events-sweep']();
      expect(new Set(created(world).map((event) => JSON.stringify(event))).size).toBe(1);
    }
  });

  it('is told of again, with the same data, when the first push died before it was published', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const world = createMemoryWorld({ clock: { now: () => new Date(now) } });
    const image = makeImage('dies', 0);
    const dying = composeForTest({ world });
    await pushBlob(dying.app, 'team/new', image.config);
    dying.memory.calls.failOn('events.publish');
    expect((await putManifest(dying.app, 'team/new', 'v1', image)).status).toBe(201);
    const second = composeForTest({ world });
    expect((await putManifest(second.app, 'team/new', 'v2', image)).status).toBe(201);
    now += 11_000;
    await second.timers['events-sweep']();
    expect(created(world)).toHaveLength(1);
  });
});
