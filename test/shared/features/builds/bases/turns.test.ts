import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import type { Registry } from './building.ts';
import { build, host, registry, upload } from './building.ts';
import type { Job } from './ci.ts';
import { startCi } from './ci.ts';

const minutes = 60_000;

async function limited(atMostPerHour: number, settings: object = {}): Promise<Registry> {
  const of = registry();
  await of.push(build('base', 'base 0'), '1');
  const context = { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) };
  expect((await of.api('PUT', '/tasks/app', { image: 'app:1', context, atMostPerHour, ...settings })).status).toBeOneOf(
    [200, 201],
  );
  return of;
}

const builtIn = (of: Registry) => of.events('Longshore.BuildSucceeded').length;
const update = async (of: Registry, n: number) => {
  await of.push(build('base', `base ${n}`), '1');
  await of.settle();
};

describe('a task that is built at most so often in an hour', () => {
  it('has further builds wait for their turn, and all updates that came meanwhile become one build', async () => {
    const of = await limited(2);
    for (let n = 1; n <= 5; n += 1) {
      await update(of, n);
      of.clock.advance(5 * minutes);
    }
    expect(builtIn(of)).toBe(2);
    of.clock.advance(30 * minutes);
    await of.process().timers['builds-sweep']();
    expect(builtIn(of)).toBe(2);
    of.clock.advance(6 * minutes);
    await of.process().timers['builds-sweep']();
    await of.settle();
    expect(builtIn(of)).toBe(3);
    // The updates that came while it waited are built too, when its turn comes.
    for (let n = 0; n < 12; n += 1) {
      of.clock.advance(10 * minutes);
      await of.process().timers['builds-sweep']();
      await of.settle();
    }
    expect(builtIn(of)).toBe(4);
    expect((await of.api('GET', '/builds')).body.items).toMatchObject([
      { state: 'finished' },
      { state: 'finished' },
      { state: 'finished' },
      { state: 'finished' },
    ]);
  });

  it('waits as long as it takes, without having been begun too often', async () => {
    const of = await limited(1);
    await update(of, 1);
    await update(of, 2);
    for (let n = 0; n < 8; n += 1) {
      of.clock.advance(7 * minutes);
      await of.process().timers['builds-sweep']();
      await of.settle();
    }
    expect([builtIn(of), of.events('Longshore.BuildFailed').length]).toEqual([1, 0]);
    of.clock.advance(5 * minutes);
    await of.process().timers['builds-sweep']();
    await of.settle();
    expect([builtIn(of), of.events('Longshore.BuildFailed').length]).toEqual([2, 0]);
  });

  it('takes one turn for a build however often its process dies', async () => {
    const of = await limited(1);
    await of.api('POST', '/tasks/app/run');
    const [message] = of.world.region('home').queues.drain('build-runs');
    for (const n of [6, 8, 10]) {
      await of
        .process(new CallPlan().crashAfter(n))
        .messages['builds-work'](message)
        .catch(() => undefined);
      of.clock.advance(4 * minutes);
    }
    await of.process().timers['builds-sweep']();
    await of.settle();
    expect(builtIn(of)).toBe(1);
  });

  it('takes no second turn for a build by an external runner that ends when its first is over', async () => {
    const ci = await startCi();
    const of = await limited(1, { runner: { webhook: { url: ci.url } }, timeoutSeconds: 7_200 });
    await of.api('PUT', '/tasks/app/hook', { secret: 'a secret of the runner and the registry' });
    await of.api('POST', '/tasks/app/run');
    await of.settle();
    of.clock.advance(65 * minutes);
    const job = JSON.parse(ci.asked[0]?.body ?? '') as Job;
    const failed = await of.app.fetch(
      new Request(job.callback.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-longshore-token': job.callback.token },
        body: '{"state":"failed","why":"exit code 2"}',
      }),
    );
    expect(failed.status).toBe(202);
    await of.settle();
    expect(of.events('Longshore.BuildFailed')).toHaveLength(1);
    await of.api('POST', '/tasks/app/run');
    await of.settle();
    ci.stop();
    expect(ci.asked).toHaveLength(2);
  });

  it('is rebased as often as its base moves', async () => {
    const of = registry();
    const first = build('base', 'base 0');
    await of.push(first, '1');
    await of.push(build('app', 'app', { base: first, says: `${host}/base:1` }), '1');
    const context = { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) };
    await of.api('PUT', '/tasks/app', { image: 'app:1', context, atMostPerHour: 1, mode: 'rebase' });
    await of.settle();
    for (let n = 1; n <= 3; n += 1) await update(of, n);
    expect(of.events('Longshore.ImageRebased')).toHaveLength(3);
  });
});
