import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import type { Registry } from './building.ts';
import { build, host, registry, upload } from './building.ts';

interface Shown {
  readonly image: string;
  readonly state: string;
  readonly waitsFor: readonly string[];
}

/**
 * `top` is built from `left` and copies from `right`; both are built on `base`, which has just been pushed anew.
 * Nothing is built yet.
 */
async function diamond(runs: Partial<Record<'left' | 'right', string>> = {}): Promise<Registry> {
  const of = registry();
  await of.push(build('base', 'base 1'), '1');
  await of.settle();
  const task = async (name: string, dockerfile: string) => {
    const context = { repository: 'contexts', digest: await upload(of, 'contexts', dockerfile) };
    expect((await of.api('PUT', `/tasks/${name}`, { image: `${name}:1`, context })).status).toBeOneOf([200, 201]);
  };
  for (const name of ['left', 'right'] as const)
    await task(name, `FROM ${host}/base:1\nCOPY ${name} /${runs[name] === undefined ? '' : `\nRUN ${runs[name]}`}`);
  await task('top', `FROM ${host}/left:1\nCOPY --from=${host}/right:1 /r /r`);
  await of.settle();
  await of.push(build('base', 'base 2'), '1');
  const { log } = of.world.region('home').events;
  for (const event of [...log]) await of.process().events['builds-learn'](event);
  for (const event of [...log]) await of.process().events['builds-plan'](event);
  return of;
}

async function nodes(of: Registry): Promise<Shown[]> {
  const { items: builds } = (await of.api('GET', '/builds')).body as { items: { id: string }[] };
  return ((await of.api('GET', `/builds/${builds[0]?.id ?? ''}`)).body as { items: Shown[] }).items;
}

const states = async (of: Registry) => Object.fromEntries((await nodes(of)).map(({ image, state }) => [image, state]));

describe('an image on two images of one base', () => {
  it.each(['left', 'right'])(
    'waits for both, and is made once, after both, whichever of them ends last (%s)',
    async (last) => {
      const of = await diamond();
      const top = (await nodes(of)).find(({ image }) => image === 'top:1');
      expect([...(top?.waitsFor ?? [])].sort()).toEqual(['left:1', 'right:1']);
      // The process that claims the last one dies at once: that image is made when its lease is over, and the other one
      // long before.
      const [message] = of.world.region('home').queues.drain('build-runs');
      const dying = new CallPlan();
      let isTaken = false;
      dying.failOn(({ name, input }) => {
        const mine =
          name === 'documents.commit' &&
          JSON.stringify(input).includes('"running"') &&
          JSON.stringify(input).includes(last);
        return (isTaken ||= mine) && mine;
      });
      await of
        .process(dying)
        .messages['builds-work'](message)
        .catch(() => undefined);
      expect(isTaken).toBe(true);
      expect(await states(of)).toMatchObject({ 'top:1': 'waiting' });
      await of.process().messages['builds-work'](message);
      await of.settle();
      expect(await states(of)).toEqual({ 'left:1': 'succeeded', 'right:1': 'succeeded', 'top:1': 'succeeded' });
      const made = of
        .events('Longshore.BuildSucceeded')
        .map(({ data }) => (data as { target: { repository: string } }).target.repository);
      expect([made.slice(0, 2).sort(), made.slice(2)]).toEqual([['left', 'right'], ['top']]);
    },
  );

  it.each(['left', 'right'] as const)(
    'stops when one of them fails, though the other one is well (%s)',
    async (bad) => {
      const of = await diamond({ [bad]: 'false' });
      const good = bad === 'left' ? 'right' : 'left';
      await of.settle();
      expect(await states(of)).toEqual({ [`${good}:1`]: 'succeeded', [`${bad}:1`]: 'failed', 'top:1': 'stopped' });
      expect(of.events('Longshore.BuildSucceeded')).toHaveLength(1);
      expect((await of.app.fetch(new Request(`http://${host}/v2/top/manifests/1`))).status).toBe(404);
    },
  );
});
