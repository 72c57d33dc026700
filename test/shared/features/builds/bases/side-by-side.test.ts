import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import type { Registry } from './building.ts';
import { build, host, reasonOf, registry } from './building.ts';

/** `x1:1` on `x:1` and `xx:1` on that, for each of these bases. */
async function towers(bases: readonly string[]): Promise<Registry> {
  const of = registry();
  await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
  for (const base of bases) {
    const first = build(base, `${base} 1`);
    const second = build(`${base}1`, `${base}1`, { base: first, says: `${host}/${base}:1` });
    await of.push(first, '1');
    await of.push(second, '1');
    await of.push(build(`${base}${base}`, `${base}${base}`, { base: second, says: `${host}/${base}1:1` }), '1');
  }
  await of.settle();
  return of;
}

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly counts?: Record<string, number>;
  readonly updates: readonly { readonly base: string }[];
}

const buildsOf = async (of: Registry) => (await of.api('GET', '/builds')).body.items as Shown[];

/** Delivers what is published to who learns and plans, and gives what they have queued. */
async function plan(of: Registry): Promise<unknown[]> {
  const [one, { events, queues }] = [of.process(), of.world.region('home')];
  for (let at = 0; at < events.log.length; at += 1) {
    await one.events['builds-learn'](events.log[at]);
    await one.events['builds-plan'](events.log[at]);
  }
  return queues.drain('build-runs');
}

const anew = (of: Registry, base: string, version: number): Promise<void> =>
  of.push(build(base, `${base} ${version}`), '1');

describe('updates of two bases', () => {
  it('are followed side by side when no image is built on both', async () => {
    const of = await towers(['a', 'b']);
    await anew(of, 'a', 2);
    await plan(of);
    await anew(of, 'b', 2);
    await plan(of);
    expect(await buildsOf(of)).toMatchObject([{ state: 'running' }, { state: 'running' }]);
  });

  it('have the images of the second found once, to begin it beside the first and to plan it', async () => {
    const of = await towers(['a', 'b']);
    await anew(of, 'a', 2);
    await plan(of);
    await anew(of, 'b', 2);
    const { log } = of.world.region('home').events;
    for (const event of [...log]) await of.process().events['builds-learn'](event);
    const calls = new CallPlan();
    const asked: string[] = [];
    calls.delay(({ name, input }) => {
      const text = JSON.stringify(input);
      if (name === 'documents.query' && text.includes('dependencies')) asked.push(text);
      return 0;
    });
    const planning = of.process(calls);
    for (const event of of.events('Longshore.BaseImageUpdated')) await planning.events['builds-plan'](event);
    // The images are `b`, `b1` that is built on it, and `bb` that is built on `b1`.
    expect([asked.length, new Set(asked).size]).toEqual([3, 3]);
    expect(await buildsOf(of)).toMatchObject([{ state: 'running' }, { state: 'running' }]);
  });

  it('are followed one after the other when an image is built on both, and those that wait are followed together', async () => {
    const of = await towers(['a']);
    await anew(of, 'a', 2);
    const queued = await plan(of);
    // Built on `a` itself, so its own update would make `aa` too.
    await of.push(build('a1', 'a1 by hand', { base: build('a', 'a 2'), says: `${host}/a:1` }), '1');
    await plan(of);
    await anew(of, 'a', 3);
    await plan(of);
    const [{ id } = { id: '' }, ...others] = await buildsOf(of);
    expect(others).toEqual([]);
    expect((await of.api('GET', `/builds/explain?image=aa:1&base=a1:1`)).body).toMatchObject({
      reason: 'waits-for-a-build',
      build: id,
    });
    for (const message of queued) await of.process().messages['builds-work'](message);
    await of.settle();
    expect(await buildsOf(of)).toMatchObject([
      { state: 'finished', updates: [{}, {}], counts: { failed: 0, stopped: 0 } },
      { state: 'finished', counts: { failed: 0, stopped: 0 } },
    ]);
    expect((await of.pull('aa:1')).layers).toEqual(['layer a 3', 'layer a1 by hand', 'layer aa']);
  });

  it('have at most as many builds side by side as is set', async () => {
    const bases = ['a', 'b', 'c', 'd', 'e', 'f'];
    const of = await towers(bases);
    for (const base of bases) {
      await anew(of, base, 2);
      await plan(of);
    }
    expect((await buildsOf(of)).filter(({ state }) => state === 'running')).toHaveLength(4);
    expect(await reasonOf(of, 'f1:1', 'f:1')).toBe('waits-for-a-build');
  });
});

describe('a base that is updated again while its dependents are built', () => {
  it('is followed once more: the image itself shows that it is newer than its plan says', async () => {
    const of = await towers(['a']);
    await anew(of, 'a', 2);
    const queued = await plan(of);
    await anew(of, 'a', 3);
    // Made on version 3, by a plan that knows of version 2; version 4 is there before anybody has learned what it is
    // on.
    for (const message of queued) await of.process().messages['builds-work'](message);
    await anew(of, 'a', 4);
    const { log } = of.world.region('home').events;
    const [one, moved] = [
      of.process(),
      log.filter(({ type, subject }) => type === 'Longshore.TagMoved' && subject === 'a:1'),
    ];
    for (const event of moved) await one.events['builds-learn'](event);
    for (const event of [...log]) await one.events['builds-plan'](event);
    await of.settle();
    for (const { counts } of await buildsOf(of)) expect(counts).toMatchObject({ failed: 0, stopped: 0 });
    expect((await of.pull('a1:1')).layers).toEqual(['layer a 4', 'layer a1']);
    expect((await of.pull('aa:1')).layers).toEqual(['layer a 4', 'layer a1', 'layer aa']);
  });
});
