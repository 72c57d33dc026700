import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import { Crash } from '../../../../../shared/adapters/memory/crash.ts';
import { callsToFail } from '../../../../deep.ts';
import type { Registry } from './building.ts';
import { build, host, reasonOf, registry, upload } from './building.ts';

/** `app:1` on `base:1`, and `top:1` on that; the base has been pushed anew, and its build is planned, not begun. */
async function planned(dockerfile = `FROM ${host}/base:1`): Promise<Registry> {
  const of = registry();
  const base = build('base', 'base 1');
  const app = build('app', 'app 1', { base, says: `${host}/base:1` });
  await of.push(base, '1');
  await of.push(app, '1');
  await of.push(build('top', 'top 1', { base: app, says: `${host}/app:1` }), '1');
  await of.api('PUT', '/tasks/app', {
    image: 'app:1',
    context: { repository: 'contexts', digest: await upload(of, 'contexts', dockerfile) },
  });
  await of.api('PUT', '/tasks/top', {
    image: 'top:1',
    context: { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/app:1`) },
  });
  await of.settle();
  await of.push(build('base', 'base 2'), '1');
  return of;
}

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly counts?: Record<string, number>;
  readonly updates: readonly { readonly retries?: string }[];
}

const buildsOf = async (of: Registry) => (await of.api('GET', '/builds')).body.items as Shown[];
const newest = async (of: Registry) => (await buildsOf(of))[0] as Shown;
const digestsOf = (of: Registry) => Promise.all(['app:1', 'top:1'].map(async (image) => (await of.pull(image)).digest));

/** Plans what was published, and returns the messages for the processes that work. */
async function plan(of: Registry): Promise<unknown[]> {
  const [process, { events, queues }] = [of.process(), of.world.region('home')];
  for (let at = 0; at < events.log.length; at += 1) {
    await process.events['builds-learn'](events.log[at]);
    await process.events['builds-plan'](events.log[at]);
  }
  return queues.drain('build-runs');
}

describe('a build that is cancelled', () => {
  it('makes nothing more, moves no tag, and says so in events and explanations', async () => {
    const of = await planned();
    const before = await digestsOf(of);
    await plan(of);
    const { id } = await newest(of);
    expect((await of.api('POST', `/builds/${id}/cancel`)).status).toBe(202);
    await of.settle();
    expect(await newest(of)).toMatchObject({ state: 'finished', counts: { succeeded: 0, failed: 0, stopped: 2 } });
    expect(await digestsOf(of)).toEqual(before);
    expect(of.events('Longshore.BuildFailed')).toMatchObject([
      { data: { because: 'its build was cancelled' } },
      { data: { because: 'its build was cancelled' } },
    ]);
    expect(await reasonOf(of, 'app:1', 'base:1')).toBe('cancelled');
    expect((await of.api('POST', `/builds/${id}/cancel`)).status).toBe(409);
  });

  it('ends the image that is being made: its process writes nothing any more', async () => {
    const of = await planned();
    const before = await digestsOf(of);
    const messages = await plan(of);
    const { id } = await newest(of);
    const calls = new CallPlan();
    let isCancelled = false;
    // The cancellation comes when its image is pushed by its digest, and its tag has not moved.
    calls.delay(async ({ name, input }) => {
      if (isCancelled || name !== 'documents.commit' || !JSON.stringify(input).includes('"manifest"')) return;
      isCancelled = true;
      await of.api('POST', `/builds/${id}/cancel`);
      await of.process().messages['builds-work']({ build: id });
    });
    for (const message of messages) await of.process(calls).messages['builds-work'](message);
    await of.settle();
    expect(isCancelled).toBe(true);
    expect(await digestsOf(of)).toEqual(before);
    expect(await newest(of)).toMatchObject({ state: 'finished', counts: { succeeded: 0, stopped: 2 } });
  });

  it('stays cancelled when the process dies before or after any call of stopping it', async () => {
    const cancelledUnder = async (calls: CallPlan) => {
      const of = await planned();
      const before = await digestsOf(of);
      await plan(of);
      const { id } = await newest(of);
      await of.api('POST', `/builds/${id}/cancel`);
      await of
        .process(calls)
        .messages['builds-work']({ build: id })
        .catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
        });
      for (let sweep = 0; sweep < 3; sweep += 1) {
        of.clock.advance(181_000);
        await of.process().timers['builds-sweep']();
      }
      expect(await newest(of)).toMatchObject({ state: 'finished', counts: { succeeded: 0, stopped: 2 } });
      expect(await digestsOf(of)).toEqual(before);
    };
    const calm = new CallPlan();
    await cancelledUnder(calm);
    for (const moment of ['crashBefore', 'crashAfter'] as const)
      for (const n of callsToFail(1, calm.total()))
        await cancelledUnder(new CallPlan()[moment](n)).catch((error: unknown) => {
          throw new Error(`${moment} call ${n}`, { cause: error });
        });
  }, 120_000);

  it.each(['cancel', 'retry'])('is not found where there is none (%s)', async (verb) => {
    expect((await registry().api('POST', `/builds/00000000-0000-4000-8000-000000000000/${verb}`)).status).toBe(404);
  });
});

describe('a build that is retried', () => {
  it('makes the images that failed or stopped, in order, in a build that names the one before', async () => {
    const of = await planned(`FROM ${host}/base:1\nRUN false`);
    await of.settle();
    const first = await newest(of);
    expect(first).toMatchObject({ counts: { failed: 1, stopped: 1 } });
    await of.api('PUT', '/tasks/app', {
      image: 'app:1',
      context: { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) },
    });
    expect((await of.api('POST', `/builds/${first.id}/retry`)).status).toBe(202);
    await of.settle();
    const again = await newest(of);
    expect(again).toMatchObject({
      state: 'finished',
      images: 2,
      counts: { succeeded: 2 },
      updates: [{ retries: first.id }],
    });
    expect((await of.api('GET', `/builds/${again.id}`)).body).toMatchObject({
      items: [{ image: 'app:1' }, { image: 'top:1', waitsFor: ['app:1'] }],
    });
    expect(await buildsOf(of)).toHaveLength(2);
  });

  it('does not repeat images that were made, and is refused when nothing failed', async () => {
    const of = await planned();
    await of.settle();
    const { id } = await newest(of);
    expect((await of.api('POST', `/builds/${id}/retry`)).status).toBe(409);
    expect(await buildsOf(of)).toHaveLength(1);
  });
});
