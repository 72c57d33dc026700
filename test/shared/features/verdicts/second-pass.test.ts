import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { ask, makeImage, pushImage } from '../../image.ts';

const [known, image] = [makeImage('known'), makeImage('pushed')];

/** Two instances over one store: the second one believes that there is no policy, for some seconds. */
async function changedBehindTheBack(mode: string) {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const world = createMemoryWorld({ clock: { now: () => new Date(now) } });
  const [one, other] = [composeForTest({ world }), composeForTest({ world })];
  const put = (to: string) =>
    ask(one.app, 'PUT', '/api/v1/quarantine/policies/wait', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mode: to, backlog: 'hold' }),
    });
  if (mode === 'off') {
    await put('enforce');
    await one.timers['verdicts-judge-due']();
    now += 120_000;
    await one.timers['verdicts-judge-due']();
  }
  await pushImage(other.app, 'team/app', 'known', known);
  await put(mode);
  await one.timers['verdicts-judge-due']();
  await pushImage(other.app, 'team/app', 'v1', image);
  for (const event of world.region().events.log) await other.events['verdicts-judge'](event);
  const status = async () => {
    now += 6_000;
    return (await ask(one.app, 'GET', '/v2/team/app/manifests/v1')).status;
  };
  return { one, status, pass: (ms: number) => (now += ms) };
}

describe('a push by an instance that does not know yet of a change of policies', () => {
  it.each([
    ['is held after a minute, by a policy that is new', 'enforce', [200, 403]],
    ['is open after a minute, where a policy is gone', 'off', [403, 200]],
  ])('%s', async (_, mode, [before, after]) => {
    const { one, status, pass } = await changedBehindTheBack(mode);
    expect(await status()).toBe(before);
    await one.timers['verdicts-judge-due']();
    expect(await status()).toBe(before);
    pass(61_000);
    await one.timers['verdicts-judge-due']();
    expect(await status()).toBe(after);
  });

  it('costs no pass more once every instance knows of it', async () => {
    const { one, pass } = await changedBehindTheBack('enforce');
    const walk = async () => {
      const path = '/api/v1/images/verdict?repository=team%2Fapp&reference=known';
      return ((await (await ask(one.app, 'GET', path)).json()) as { walk?: { judged: number } }).walk;
    };
    expect(await walk()).toMatchObject({ judged: 1 });
    pass(61_000);
    await one.timers['verdicts-judge-due']();
    expect(await walk()).toBeUndefined();
  });
});
