import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import type { CloudEvent } from '../../../../shared/core/ports/topic.ts';
import type { TestImage } from '../../image.ts';
import { ask, makeImage, putManifest } from '../../image.ts';
import { byAdmin, composeRequired } from '../identity/required.ts';
import type { World } from '../verdicts/held.ts';
import { heldWorld, manage, mark } from '../verdicts/held.ts';

const ordered = { mode: 'enforce', pushEvent: 'after-passed', repositories: { include: ['team/*'] } };
const minute = 60_000;

async function covered(policy: object = ordered): Promise<World> {
  const world = await heldWorld();
  await manage(world, 'PUT', '/quarantine/policies/wait', policy);
  return world;
}

function eventsOf({ world }: Pick<World, 'world'>, ...names: string[]): CloudEvent[] {
  return world.region().events.log.filter(({ type }) => names.some((name) => type.endsWith(`.${name}`)));
}

/** The pushes and moves that were told, each by its name and subject. */
function told(world: Pick<World, 'world'>): string[] {
  return eventsOf(world, 'ImagePushed', 'TagMoved', 'ImageQuarantined').map(
    ({ type, subject }) => `${type.split('.').at(-1) ?? ''} ${subject}`,
  );
}

/** Lets the timers of all instances do what a process that died has left. */
async function restart(world: World) {
  const next = composeRequired({ world: world.world, clock: world.clock });
  world.clock.pass(minute);
  await next.timers['verdicts-judge-due']();
  world.clock.pass(minute);
  await next.timers['events-sweep']();
}

const image = makeImage('ordered');
const other = makeImage('ordered, the other');
const at = (of: TestImage) => `repository=team%2Fapp&digest=${of.digest}`;

describe('the events of a push where they wait for quarantine', () => {
  it('go out once the image has passed, as they were recorded and dated to that time', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    expect(told(world)).toEqual(['ImageQuarantined team/app:v1']);
    const [quarantined] = eventsOf(world, 'ImageQuarantined');
    world.clock.pass(48 * 60 * minute);
    const passedAt = world.clock.now().toISOString();
    await mark(world, world.scanner, image, 'Passed');
    expect(told(world)).toEqual(['ImageQuarantined team/app:v1', 'ImagePushed team/app:v1']);
    const [pushed] = eventsOf(world, 'ImagePushed');
    expect(pushed?.time).toBe(passedAt);
    const { request, actor, timestamp, target } = quarantined?.data as Record<string, unknown>;
    expect(pushed?.data).toMatchObject({ action: 'push', request, actor, timestamp, target, withheldUntil: passedAt });
  });

  it('are the move of its tag too, whose old manifest policies of purging know at once', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    await mark(world, world.scanner, image, 'Passed');
    await world.push('team/app', 'v1', other);
    expect(told(world).slice(2)).toEqual(['ImageQuarantined team/app:v1']);
    expect(eventsOf(world, 'ImageQuarantined')[1]?.data).toMatchObject({
      target: { digest: other.digest, previousDigest: image.digest },
      pushEvent: 'withheld',
    });
    await mark(world, world.scanner, other, 'Passed');
    expect(told(world).slice(3)).toEqual(['ImagePushed team/app:v1', 'TagMoved team/app:v1']);
  });

  it('do not go out when it fails, and do when somebody passes it all the same', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    await mark(world, world.scanner, image, 'Failed');
    await restart(world);
    expect(eventsOf(world, 'ImagePushed')).toEqual([]);
    await mark(world, world.scanner, image, 'Passed');
    expect(eventsOf(world, 'ImagePushed')).toHaveLength(1);
  });

  it('go out when it is released by hand, and not again when that ends and it passes', async () => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    await manage(world, 'POST', `/images/release?${at(image)}`, { reason: 'the pager went off', hours: 2 });
    expect(eventsOf(world, 'ImagePushed')).toHaveLength(1);
    world.clock.pass(120 * minute);
    await restart(world);
    await mark(world, world.scanner, image, 'Passed');
    expect(eventsOf(world, 'ImagePushed')).toHaveLength(1);
  });

  it.each(['audit', 'gone'])('go out when the policy that held it is %s', async (way) => {
    const world = await covered();
    await world.push('team/app', 'v1', image);
    if (way === 'gone') await manage(world, 'DELETE', '/quarantine/policies/wait');
    else await manage(world, 'PATCH', '/quarantine/policies/wait', { mode: 'audit' });
    await restart(world);
    expect(eventsOf(world, 'ImagePushed')).toHaveLength(1);
  });

  it('are told once for a tag that is pushed again meanwhile, and for each tag', async () => {
    const world = await covered();
    for (const tag of ['v1', 'v1', 'v2', image.digest, 'v1']) await world.push('team/app', tag, image);
    expect(eventsOf(world, 'ImageQuarantined')).toHaveLength(5);
    await mark(world, world.scanner, image, 'Passed');
    expect(eventsOf(world, 'ImagePushed').map(({ subject }) => subject)).toEqual([
      'team/app:v1',
      'team/app:v2',
      `team/app@${image.digest}`,
    ]);
    await world.push('team/app', 'v1', image);
    expect(eventsOf(world, 'ImagePushed')).toHaveLength(4);
  });

  it('go out once when two instances pass it at the same time, and the timers run too', async () => {
    const world = await covered();
    const another = { ...world, ...composeRequired({ world: world.world, clock: world.clock }) };
    await world.push('team/app', 'v1', image);
    await Promise.all([
      mark(world, world.scanner, image, 'Passed'),
      mark(another, world.scanner, image, 'Passed'),
      another.timers['verdicts-judge-due'](),
    ]);
    await restart(world);
    expect(eventsOf(world, 'ImagePushed')).toHaveLength(1);
  });

  it('go out all and once where they are more than a transaction holds, and a push of too many is refused', async () => {
    const world = await covered();
    await world.push('team/app', 'v0', image);
    const push = (names: readonly number[]) => {
      const [first, ...rest] = names.map((name) => `v${name}`);
      return putManifest(
        byAdmin(world.app),
        'team/app',
        `${first ?? ''}?${rest.map((tag) => `tag=${tag}`).join('&')}`,
        image,
      );
    };
    const all = Array.from({ length: 299 }, (_, index) => index + 1);
    for (let from = 0; from < all.length; from += 23) expect((await push(all.slice(from, from + 23))).status).toBe(201);
    expect((await push(all.slice(0, 24))).status).toBe(414);
    const refused = await push([300]);
    expect(refused.status).toBe(409);
    expect(await refused.text()).toMatch(/300 events of its tags wait until it is open: at most 300 may/);
    await mark(world, world.scanner, image, 'Passed');
    const subjects = eventsOf(world, 'ImagePushed').map(({ subject }) => subject);
    expect(subjects).toHaveLength(300);
    expect(new Set(subjects).size).toBe(300);
  });

  it('do not wait where the policy says so, where it audits, or where none covers it; quarantine is told in both', async () => {
    for (const change of [{ pushEvent: 'at-once' }, { mode: 'audit' }]) {
      const world = await covered({ ...ordered, ...change });
      await world.push('team/app', 'v1', image);
      expect(told(world)).toEqual(['ImagePushed team/app:v1', 'ImageQuarantined team/app:v1']);
      expect(eventsOf(world, 'ImageQuarantined')[0]?.data).toMatchObject({ pushEvent: 'sent' });
      await world.push('other/app', 'v1', image);
      expect(told(world).slice(2)).toEqual(['ImagePushed other/app:v1']);
    }
  });

  it('count the push when it is made, and once', async () => {
    const world = await covered();
    const usage = async () => {
      const { log } = world.world.region().events;
      for (const event of [...log, ...log].reverse()) await world.events['usage-record'](event);
      return manage(world, 'GET', '/usage?repository=team%2Fapp');
    };
    await world.push('team/app', 'v1', image);
    expect(await usage()).toMatchObject({ pushes: 1, images: 1 });
    await mark(world, world.scanner, image, 'Passed');
    expect(await usage()).toMatchObject({ pushes: 1, images: 1 });
  });

  it('cost a push that nothing covers no store call', async () => {
    const world = await heldWorld();
    const callsOf = async (repository: string) => {
      await world.push(repository, 'v1', other);
      world.memory.calls.resetCounts();
      await putManifest(byAdmin(world.app), repository, 'v2', other);
      return world.memory.calls.total();
    };
    const before = await callsOf('other/app');
    await manage(world, 'PUT', '/quarantine/policies/wait', ordered);
    expect([await callsOf('other/more'), await callsOf('team/app')]).toEqual([before, before]);
  });
});

/** Pushes an image, and has an instance pass it that goes wrong as `plan` says. */
async function passedUnder(plan: (calls: CallPlan) => void) {
  const world = await covered();
  await world.push('team/app', 'v1', image);
  const calls = new CallPlan();
  const dying = composeRequired({ world: world.world, clock: world.clock, connection: { calls } });
  // It knows keys and policies by then, so that the calls are those of the change.
  await mark(dying, world.scanner, makeImage('of no push'), 'Passed');
  calls.resetCounts();
  plan(calls);
  await mark(dying, world.scanner, image, 'Passed');
  return { world, calls };
}

const calm = await passedUnder(() => undefined);
const awaits = Array.from({ length: calm.calls.total() }, (_, index) => index + 1);

describe('an image whose opener dies', () => {
  it.each(awaits.flatMap((n) => [[n, 'before'] as const, [n, 'after'] as const]))(
    'at store call %i, %s it, tells of its push once if the state was written, and is open then',
    async (n, moment) => {
      const { world } = await passedUnder((calls) =>
        moment === 'before' ? calls.crashBefore(n) : calls.crashAfter(n),
      );
      await restart(world);
      const { manifest } = (await (
        await ask(byAdmin(world.app), 'GET', `/acr/v1/team/app/_manifests/${image.digest}`)
      ).json()) as { manifest: { changeableAttributes: { quarantineState?: string } } };
      const isPassed = manifest.changeableAttributes.quarantineState === 'Passed';
      // One that dies between publishing and marking is published again, and known by its id.
      expect(new Set(eventsOf(world, 'ImagePushed').map(({ id }) => id)).size).toBe(isPassed ? 1 : 0);
      expect((await world.pull(world.puller, 'team/app', 'v1')).status).toBe(isPassed ? 200 : 403);
    },
  );
});
