import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { composeRegion } from '../shared/core/regions/composed.ts';
import type { User } from './run.ts';
import { userOf } from './run.ts';

let user: User;
beforeAll(async () => {
  user = await userOf(composeRegion(createMemoryWorld(), 'east').app);
});
afterAll(() => user.remove());

const run = (args: string, options: Parameters<User['run']>[1] = {}) => user.run(args.split(' '), options);
const json = async (args: string) => {
  const ran = await run(`${args} -o json`);
  expect([args, ran.code, ran.err]).toEqual([args, 0, '']);
  return JSON.parse(ran.out) as unknown;
};

describe('longshore replicas', () => {
  it('adds a region with what it gets, and says no more than it is told when that changes', async () => {
    expect((await run('replicas ls')).err).toContain('replicas add');
    expect((await run('replicas add north --dry-run')).out).toContain('would be added');
    const filters = {
      repositories: { include: ['team/**', 'base'], exclude: [] },
      tags: { include: ['*'], exclude: ['pr-*'] },
    };
    expect(await json('replicas add north --repositories team/**,base --not-tags pr-* --rate 20MB')).toMatchObject({
      region: 'north',
      settings: { filters, priority: 5, bytesPerSecond: 20_000_000, verify: 'size', endpoint: true, paused: false },
    });
    const again = await run('replicas add north');
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('replicas set north')]);
    expect(await json('replicas set north --priority 1 --dry-run')).toMatchObject({ settings: { priority: 1 } });
    expect(await json('replicas show north')).toMatchObject({ settings: { priority: 5 } });
    expect(await json('replicas set north --priority 1 --verify hash --endpoint off')).toMatchObject({
      settings: { filters, priority: 1, bytesPerSecond: 20_000_000, verify: 'hash', endpoint: false },
    });
    const unlimited = await json('replicas set north --rate none --not-tags none --artifact-types a/b');
    expect(unlimited).toMatchObject({ settings: { filters: { tags: { include: ['*'], exclude: [] } }, priority: 1 } });
    expect(unlimited).not.toHaveProperty('settings.bytesPerSecond');
    expect(unlimited).toHaveProperty('settings.filters.artifactTypes', ['a/b']);
    expect(await json('replicas set north --artifact-types all')).not.toHaveProperty('settings.filters.artifactTypes');
  });

  it('pauses and resumes, looks at all images again, and shows what waits', async () => {
    expect(await json('replicas pause north')).toMatchObject({ status: 'paused' });
    expect((await run('replicas ls')).out).toMatch(/north +paused +team\/\*\* base +\* +1 +no limit/);
    expect(await json('replicas resume north')).toMatchObject({ status: 'active' });
    expect(await json('replicas reconcile north')).toMatchObject([{ region: 'north' }]);
    expect(await json('replicas queue')).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ region: 'east', isHere: true })]),
    );
    expect((await run('replicas queue')).out).toContain('east (here)');
  });

  it('refuses what is no setting, and removes a region when it is sure', async () => {
    for (const wrong of ['', ' --rate fast', ' --priority first', ' --verify eyes', ' --endpoint maybe'])
      expect([wrong, (await run(`replicas set north${wrong}`)).code]).toEqual([wrong, 2]);
    expect((await run('replicas set north --priority 999')).code).toBe(1);
    expect((await run('replicas add nowhere')).code).toBe(1);
    expect((await run('replicas rm north')).code).toBe(2);
    expect((await run('replicas rm north --dry-run')).out).toContain('would be deleted');
    expect(await json('replicas rm north --yes')).toEqual({ deleted: 'north' });
    expect(await json('replicas show north')).toMatchObject({ status: 'removing' });
  });
});
