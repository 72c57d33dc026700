import { describe, expect, it } from 'vitest';
import { ask, makeImage, putManifest } from '../../image.ts';
import { bearer, byAdmin, composeRequired, fetchToken } from '../identity/required.ts';
import { makeIndex, naming } from '../recycle-bin/binned.ts';
import { heldWorld, manage, mark, verdictEvents } from './held.ts';

const enforce = { mode: 'enforce', repositories: { include: ['team/*'] } };

async function covered(policy: object = enforce) {
  const world = await heldWorld();
  await manage(world, 'PUT', '/quarantine/policies/wait', policy);
  return world;
}

async function messageOf(response: Response) {
  return ((await response.json()) as { errors: { code: string; message: string; detail?: unknown }[] }).errors[0];
}

describe('an image that a policy covers', () => {
  const image = makeImage('covered');

  it('is held from its push on, for everybody who may only pull: by tag, digest and HEAD, and told why', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    for (const reference of ['v1', image.digest]) {
      const refused = await world.pull(world.puller, 'team/app', reference);
      expect(refused.status).toBe(403);
      expect(await messageOf(refused)).toMatchObject({
        code: 'DENIED',
        message: `team/app@${image.digest} is held: it is in quarantine until somebody with quarantine/write passes it`,
        detail: { policies: ['wait'] },
      });
      expect((await world.pull(world.puller, 'team/app', reference, 'HEAD')).status).toBe(403);
    }
    expect(verdictEvents(world)).toEqual(['ImageHeld']);
  });

  it('is open to those who may push, and to those with quarantine/read, whatever client they say they are', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    expect((await world.pull(world.pusher, 'team/app', 'v1')).status).toBe(200);
    expect((await world.pull(world.scanner, 'team/app', image.digest)).status).toBe(200);
    const asCosign = { ...world.puller, 'user-agent': 'cosign/3.0 notation/1.3' };
    expect((await world.pull(asCosign, 'team/app', 'v1')).status).toBe(403);
  });

  it('is open by a token of pull alone, as clients ask for, where its holder may push, and only there', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    const statusBy = async (headers: Record<string, string>) => {
      const { access_token: token } = await fetchToken(world, headers, ['repository:team/app:pull']);
      const put = await ask(world.app, 'DELETE', '/v2/team/app/manifests/v1', { headers: bearer(token) });
      return [(await world.pull(bearer(token), 'team/app', 'v1')).status, put.status];
    };
    expect(await statusBy(world.pusher)).toEqual([200, 401]);
    expect(await statusBy(world.scanner)).toEqual([200, 401]);
    expect(await statusBy(world.puller)).toEqual([403, 401]);
  });

  it('tells somebody who is not known that it is held, and not why', async () => {
    const world = await covered();
    await manage(world, 'PUT', '/anonymous', { repositories: ['team/app'] });
    await world.push('team/app', 'v1', image);
    const refused = await world.pull({}, 'team/app', 'v1');
    expect(refused.status).toBe(403);
    expect(await messageOf(refused)).toEqual({
      code: 'DENIED',
      message: `team/app@${image.digest} is held: the registry says why to those who log in`,
    });
  });

  it('is refused as a child of an index, too, and the index is', async () => {
    const world = await covered();
    await world.push('team/app', image.digest, image);
    await putManifest(byAdmin(world.app), 'team/app', 'multi', makeIndex([image]));
    expect((await world.pull(world.puller, 'team/app', 'multi')).status).toBe(403);
    expect((await world.pull(world.puller, 'team/app', image.digest)).status).toBe(403);
  });

  it('is held also where it names a subject: an image that runs is no evidence about another one', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    const runs = makeImage('runs', 1, naming(image));
    await world.push('team/app', runs.digest, runs);
    await world.push('team/app', `${image.digest.replace(':', '-')}.sig`, makeImage('runs, too', 1));
    expect((await world.pull(world.puller, 'team/app', runs.digest)).status).toBe(403);
    const tag = `${image.digest.replace(':', '-')}.sig`;
    expect((await world.pull(world.puller, 'team/app', tag)).status).toBe(403);
  });

  it('is served with a warning where the policy audits', async () => {
    const world = await covered({ ...enforce, mode: 'audit' });
    await world.push('team/app', 'v1', image);
    const served = await world.pull(world.puller, 'team/app', 'v1');
    expect(served.status).toBe(200);
    expect(served.headers.get('warning')).toBe(
      `299 - "team/app@${image.digest} would be held by wait: it is in quarantine until somebody with quarantine/write passes it"`,
    );
    expect(verdictEvents(world)).toEqual([]);
  });

  it('costs a pull no read more, held or passed', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    await world.push('other/app', 'v1', image);
    const readsOf = async (repository: string) => {
      world.clock.pass(60_000);
      await world.pull(world.puller, repository, 'v1');
      world.clock.pass(60_000);
      world.memory.calls.resetCounts();
      await world.pull(world.puller, repository, 'v1');
      return world.memory.calls.count('documents.read');
    };
    expect(await readsOf('team/app')).toBe(await readsOf('other/app'));
  });
});

describe('the state in quarantine', () => {
  const image = makeImage('marked');

  it('opens an image when somebody with quarantine/write passes it, and closes it when it fails', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    expect((await mark(world, world.scanner, image, 'Passed')).status).toBe(200);
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(200);
    expect((await mark(world, world.scanner, image, 'Failed')).status).toBe(200);
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(403);
    expect(verdictEvents(world)).toEqual([
      'ImageHeld',
      'VerdictChanged',
      'ImageReleased',
      'VerdictChanged',
      'ImageHeld',
    ]);
  });

  it('is not for those who may only push or change metadata, where a policy goes by it', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    await world.push('other/app', 'v1', image);
    expect((await mark(world, world.pusher, image, 'Passed')).status).toBe(403);
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(403);
    expect((await mark(world, world.scanner, image, 'Passed', 'other/app')).status).toBe(200);
  });

  it('survives another push of the same image, and its deletion and restore', async () => {
    const world = await covered();
    await manage(world, 'PUT', '/soft-delete', { enabled: true, retentionDays: 7, restoreOnPull: false });
    await world.push('team/app', 'v1', image);
    await world.push('team/app', 'v2', image);
    expect((await world.pull(world.puller, 'team/app', 'v2')).status).toBe(403);
    await mark(world, world.scanner, image, 'Passed');
    await world.push('team/app', 'v3', image);
    expect((await world.pull(world.puller, 'team/app', 'v3')).status).toBe(200);
    await mark(world, world.scanner, image, 'Failed');
    await ask(byAdmin(world.app), 'DELETE', `/v2/team/app/manifests/${image.digest}`);
    await world.push('team/app', 'v1', image);
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(403);
  });
});

describe('a policy', () => {
  const image = makeImage('before it');

  it('closes nothing that was there before it, unless it holds the backlog', async () => {
    const world = await heldWorld();
    await world.push('team/app', 'v1', image);
    await manage(world, 'PUT', '/quarantine/policies/wait', enforce);
    await world.timers['verdicts-judge-due']();
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(200);
    await manage(world, 'PATCH', '/quarantine/policies/wait', { backlog: 'hold' });
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(200);
    await world.timers['verdicts-judge-due']();
    world.clock.pass(5_000);
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(403);
  });

  it.each(['audit', 'off', 'gone', 'elsewhere'])('releases what it held once it is %s', async (way) => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    if (way === 'gone') await manage(world, 'DELETE', '/quarantine/policies/wait');
    else if (way === 'elsewhere')
      await manage(world, 'PATCH', '/quarantine/policies/wait', { repositories: { include: ['other/*'] } });
    else await manage(world, 'PATCH', '/quarantine/policies/wait', { mode: way });
    await world.timers['verdicts-judge-due']();
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(200);
    expect(await manage(world, 'GET', '/verdicts/held')).toMatchObject({ items: [] });
  });

  it('holds what an instance has pushed that did not know of it yet, once its event has come', async () => {
    const world = await heldWorld();
    await world.push('team/other', 'v1', image);
    const another = composeRequired({ world: world.world, clock: world.clock });
    await manage(another, 'PUT', '/quarantine/policies/wait', enforce);
    world.clock.pass(1_000);
    await world.push('team/app', 'v1', image);
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(200);
    world.clock.pass(5_000);
    for (const event of world.world.region().events.log) await another.events['verdicts-judge'](event);
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(403);
  });
});

describe('a release by hand', () => {
  const image = makeImage('released');
  const at = `repository=team%2Fapp&digest=${image.digest}`;

  it('opens an image for some hours, says who and why, and closes it again when they have passed', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    await manage(world, 'POST', `/images/release?${at}`, { reason: 'the pager went off', hours: 2 });
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(200);
    expect(await manage(world, 'GET', '/images/verdict?repository=team%2Fapp&reference=v1')).toMatchObject({
      held: false,
      release: { by: 'admin', reason: 'the pager went off' },
      explanation: expect.stringMatching(/^admin has released it until .*: the pager went off\.$/) as string,
    });
    world.clock.pass(2 * 3_600_000);
    await world.timers['verdicts-judge-due']();
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(403);
    expect(verdictEvents(world)).toEqual(['ImageHeld', 'ImageReleased', 'ImageHeld']);
  });

  it('is for those with quarantine/write of the repository too, and for nobody else', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    const release = (headers: Record<string, string>) =>
      ask(world.app, 'POST', `/api/v1/images/release?${at}`, {
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ reason: 'because it is needed' }),
      });
    expect((await release(world.pusher)).status).toBe(403);
    expect((await release(world.scanner)).status).toBe(200);
  });

  it('refuses what is not held, and ends before its time', async () => {
    const world = await covered();
    await world.push('other/app', 'v1', image);
    const open = manage(world, 'POST', `/images/release?${at.replace('team', 'other')}`, { reason: 'no need' });
    await expect(open).rejects.toThrow(/409.*imageNotHeld/);
    await world.push('team/app', 'v1', image);
    await manage(world, 'POST', `/images/release?${at}`, { reason: 'for a while' });
    await manage(world, 'DELETE', `/images/release?${at}`);
    expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(403);
    await expect(manage(world, 'DELETE', `/images/release?${at}`)).rejects.toThrow(/409.*imageNotReleased/);
  });
});

describe('the explanation of a verdict', () => {
  it('names the policies, the reasons and the next step, and lists what is held', async () => {
    const world = await covered();
    const image = makeImage('explained');
    await world.push('team/app', 'v1', image);
    expect(await manage(world, 'GET', '/images/verdict?repository=team%2Fapp&reference=v1')).toMatchObject({
      held: true,
      explanation:
        'It is held by wait: it is in quarantine until somebody with quarantine/write passes it. ' +
        'Somebody with quarantine/write passes it, or releases it by hand.',
      judgements: [{ part: 'quarantine', state: 'pending', mode: 'enforce', isCurrent: true }],
      covering: [{ part: 'quarantine', name: 'wait', mode: 'enforce' }],
    });
    expect(await manage(world, 'GET', '/verdicts/held')).toMatchObject({
      items: [{ repository: 'team/app', digest: image.digest, held: true }],
    });
  });
});

describe('the walk that a change of policies begins', () => {
  it('is shown while it is under way and when it has ended, and is none before the first policy', async () => {
    const world = await heldWorld();
    const walk = () => manage(world, 'GET', '/verdicts/walk');
    expect(await walk()).toEqual({ isUnderWay: false, judged: 0 });
    await world.push('team/app', 'v1', makeImage('there before'));
    await manage(world, 'PUT', '/quarantine/policies/wait', enforce);
    expect(await walk()).toEqual({ isUnderWay: true, judged: 0, beganAt: expect.any(String) as string });
    await world.timers['verdicts-judge-due']();
    expect(await walk()).toMatchObject({ isUnderWay: true, judged: 1 });
    // An instance may push by the policies before for some seconds: a second pass follows.
    world.clock.pass(61_000);
    await world.timers['verdicts-judge-due']();
    expect(await walk()).toMatchObject({ isUnderWay: false, judged: 1, endedAt: expect.any(String) as string });
  });
});
