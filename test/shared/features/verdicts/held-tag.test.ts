import { describe, expect, it } from 'vitest';
import { ask, makeImage, pushImage } from '../../image.ts';
import { byAdmin } from '../identity/required.ts';
import { call, planOf, policed, putPolicy } from '../purge/policed.ts';
import { heldWorld, manage, mark } from './held.ts';

const serving = { mode: 'enforce', heldTag: 'serve-previous', repositories: { include: ['team/*'] } };
const [first, second, third] = [makeImage('first'), makeImage('second'), makeImage('third')];

async function covered(policy: object = serving) {
  const world = await heldWorld();
  await manage(world, 'PUT', '/quarantine/policies/wait', policy);
  const pulled = async (who: Record<string, string> = world.puller, method = 'GET', reference = 'v1') => {
    const answer = await world.pull(who, 'team/app', reference, method);
    return answer.status === 200 ? answer.headers.get('docker-content-digest') : answer.status;
  };
  const pushAll = async (...images: (typeof first)[]) => {
    for (const image of images) await world.push('team/app', 'v1', image);
  };
  return { ...world, pulled, pushAll };
}

/** A tag whose first image has passed, and whose second is held. */
async function moved(policy?: object) {
  const world = await covered(policy);
  await world.pushAll(first);
  await mark(world, world.scanner, first, 'Passed');
  await world.pushAll(second);
  return world;
}

describe('a tag that is moved to an image which is held', () => {
  it('serves those who may only pull the image before it until the new one passes, and says so', async () => {
    const world = await moved();
    expect([await world.pulled(), await world.pulled(world.puller, 'HEAD')]).toEqual([first.digest, first.digest]);
    const { headers } = await world.pull(world.puller, 'team/app', 'v1');
    expect(headers.get('warning')).toBe(
      '299 - "team/app:v1 was moved to an image that is held, and serves the one before it"',
    );
    expect(await world.pulled(world.puller, 'GET', second.digest)).toBe(403);
    const query = '/images/verdict?repository=team%2Fapp&reference=v1';
    expect(await manage(world, 'GET', query)).toMatchObject({
      digest: second.digest,
      held: true,
      serves: first.digest,
    });
    await mark(world, world.scanner, second, 'Passed');
    expect(await world.pulled()).toBe(second.digest);
    expect(await manage(world, 'GET', query)).not.toHaveProperty('serves');
  });

  it('is the new image for those who may push or scan', async () => {
    const world = await moved();
    expect([await world.pulled(world.pusher), await world.pulled(world.scanner)]).toEqual([
      second.digest,
      second.digest,
    ]);
  });

  it('serves the last image that has passed, over several that have not', async () => {
    const world = await moved();
    await world.pushAll(third, third);
    expect(await world.pulled()).toBe(first.digest);
    await mark(world, world.scanner, second, 'Passed');
    expect(await world.pulled()).toBe(first.digest);
    await mark(world, world.scanner, third, 'Passed');
    expect(await world.pulled()).toBe(third.digest);
  });

  it('is refused where nothing was there before, where that is held too or gone, and by default', async () => {
    const fresh = await covered();
    await fresh.pushAll(first);
    expect(await fresh.pulled()).toBe(403);
    await fresh.pushAll(second);
    expect(await fresh.pulled()).toBe(403);
    const failed = await moved();
    await mark(failed, failed.scanner, first, 'Failed');
    expect(await failed.pulled()).toBe(403);
    const gone = await moved();
    await ask(byAdmin(gone.app), 'DELETE', `/v2/team/app/manifests/${first.digest}`);
    expect(await gone.pulled()).toBe(403);
    expect(await (await moved({ ...serving, heldTag: 'refuse' })).pulled()).toBe(403);
  });

  it('never goes back to an older image when one that has passed is closed', async () => {
    const world = await moved();
    await mark(world, world.scanner, second, 'Passed');
    await mark(world, world.scanner, second, 'Failed');
    expect(await world.pulled()).toBe(403);
  });

  it('serves nothing that a lock forbids to read', async () => {
    const world = await moved();
    const locked = { headers: { 'content-type': 'application/json' }, body: '{"readEnabled":false}' };
    await ask(byAdmin(world.app), 'PATCH', `/acr/v1/team/app/_manifests/${first.digest}`, locked);
    expect(await world.pulled()).toBe(403);
  });

  it('costs a pull of any other tag no read', async () => {
    const world = await moved();
    await mark(world, world.scanner, second, 'Passed');
    await world.push('other/app', 'v1', second);
    const readsOf = async (repository: string) => {
      world.clock.pass(60_000);
      await world.pull(world.puller, repository, 'v1');
      world.clock.pass(60_000);
      world.memory.calls.resetCounts();
      expect((await world.pull(world.puller, repository, 'v1')).status).toBe(200);
      return world.memory.calls.count('documents.read');
    };
    expect(await readsOf('team/app')).toBe(await readsOf('other/app'));
  });
});

describe('the image that a tag goes on serving', () => {
  it('is kept by purge policies until the new one has passed', async () => {
    const longshore = policed();
    const { app } = longshore;
    const pass = (image: typeof first) =>
      ask(app, 'PATCH', `/acr/v1/team/app/_manifests/${image.digest}`, {
        headers: { 'content-type': 'application/json' },
        body: '{"quarantineState":"Passed"}',
      });
    await call(app, 'PUT', '/quarantine/policies/wait', serving);
    await putPolicy(app, { brakePercent: 100, remove: [{ name: 'untagged', untaggedDays: 5 }] });
    await pushImage(app, 'team/app', 'v1', first);
    await pass(first);
    await pushImage(app, 'team/app', 'v1', second);
    await longshore.deliver();
    longshore.passDays(9);
    expect((await planOf(app)).manifests).toBe(0);
    await pass(second);
    await longshore.deliver();
    expect((await planOf(app)).items).toMatchObject([{ digest: first.digest }]);
  });
});
