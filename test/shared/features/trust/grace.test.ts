import { describe, expect, it } from 'vitest';
import { makeImage } from '../../image.ts';
import { heldWorld, manage, mark, verdictEvents } from '../verdicts/held.ts';
import { bundled } from './signing.ts';
import { ecKeyPair, pemOf } from './sigstore/instance.ts';

const [key, next] = [ecKeyPair(), ecKeyPair()];
const image = makeImage('signed by the old key');
const hour = 3_600_000;
const policyBy = (pem: string) => ({
  mode: 'enforce',
  graceHours: 48,
  repositories: { include: ['team/*'] },
  sigstoreKeys: [{ name: 'release', keys: [pem] }],
});

/** A world where an image has passed by a key that the policy no longer has. */
async function keyIsReplaced() {
  const world = await heldWorld();
  await manage(world, 'PUT', '/trust/policies/signed', policyBy(pemOf(key)));
  await world.push('team/app', 'v1', image);
  const signature = bundled(key, image);
  await world.push('team/app', signature.digest, signature);
  await manage(world, 'PUT', '/trust/policies/signed', policyBy(pemOf(next)));
  await world.timers['verdicts-judge-due']();
  world.clock.pass(5_000);
  const pull = (reference = 'v1') => world.pull(world.puller, 'team/app', reference);
  return { ...world, pull };
}

describe('an image that was signed by a key which the policy no longer has', () => {
  it('is served with a warning until its grace ends, and is held by the timer then', async () => {
    const world = await keyIsReplaced();
    const served = await world.pull();
    expect(served.status).toBe(200);
    expect(served.headers.get('warning')).toMatch(
      /^299 - "team\/app@sha256:\w+ will be held by signed from 2026-01-03T00:00:00.000Z on: the policy signed asks/,
    );
    const query = '/images/verdict?repository=team%2Fapp&reference=v1';
    expect(await manage(world, 'GET', query)).toMatchObject({
      held: false,
      judgements: [{ state: 'failed', passedAt: '2026-01-01T00:00:00.000Z', graceUntil: '2026-01-03T00:00:00.000Z' }],
      explanation: expect.stringMatching(
        /^It passed once, and is open until 2026-01-03T00:00:00.000Z; then it is held by signed: /,
      ) as string,
    });
    world.clock.pass(48 * hour);
    expect((await world.pull()).status).toBe(403);
    expect(verdictEvents(world).at(-1)).toBe('VerdictChanged');
    await world.timers['verdicts-judge-due']();
    expect(verdictEvents(world).at(-1)).toBe('ImageHeld');
  });

  it('is held at once when somebody marks it as failed', async () => {
    const world = await keyIsReplaced();
    expect((await mark(world, world.scanner, image, 'Failed')).status).toBe(200);
    expect((await world.pull()).status).toBe(403);
  });

  it('has no grace where it never passed', async () => {
    const world = await keyIsReplaced();
    const unsigned = makeImage('never signed');
    await world.push('team/app', 'v2', unsigned);
    expect((await world.pull('v2')).status).toBe(403);
  });
});
