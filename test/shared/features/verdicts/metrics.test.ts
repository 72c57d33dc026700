import { describe, expect, it } from 'vitest';
import { ask, makeImage } from '../../image.ts';
import { byAdmin } from '../identity/required.ts';
import type { World } from './held.ts';
import { heldWorld, manage, mark } from './held.ts';

async function samplesOf(world: World): Promise<string[]> {
  const text = await (await ask(byAdmin(world.app), 'GET', '/metrics')).text();
  return text.split('\n').filter((line) => /^longshore_(judgements|held_pulls)_total/.test(line));
}

describe('the metrics of verdicts', () => {
  it('count the judgements by state, and what was refused or noted by them', async () => {
    const world = await heldWorld();
    await manage(world, 'PUT', '/quarantine/policies/wait', { mode: 'enforce', repositories: { include: ['team/*'] } });
    await manage(world, 'PUT', '/quarantine/policies/look', { repositories: { include: ['other/*'] } });
    const image = makeImage('measured');
    await world.push('team/app', 'v1', image);
    await world.push('other/app', 'v1', image);
    for (const repository of ['team/app', 'team/app', 'other/app']) await world.pull(world.puller, repository, 'v1');
    await world.pull(world.scanner, 'team/app', 'v1');
    await mark(world, world.scanner, image, 'Failed');
    await world.pull(world.puller, 'team/app', 'v1');
    await mark(world, world.scanner, image, 'Passed');
    await mark(world, world.scanner, image, 'Passed');
    await world.pull(world.puller, 'team/app', 'v1');
    expect((await samplesOf(world)).sort()).toEqual([
      'longshore_held_pulls_total{part="quarantine",state="failed",outcome="refused"} 1',
      'longshore_held_pulls_total{part="quarantine",state="pending",outcome="noted"} 1',
      'longshore_held_pulls_total{part="quarantine",state="pending",outcome="refused"} 2',
      'longshore_judgements_total{part="quarantine",state="failed"} 1',
      'longshore_judgements_total{part="quarantine",state="passed"} 1',
    ]);
  });
});
