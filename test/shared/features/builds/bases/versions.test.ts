import fc from 'fast-check';
import semver from 'semver';
import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import type { VersionSettings } from '../../../../../shared/features/builds/tasks/documents.ts';
import { isNewer, versionWithin } from '../../../../../shared/features/builds/tasks/newest-versions.ts';
import { callsToFail } from '../../../../deep.ts';
import type { Registry } from './building.ts';
import { build, dependentsOf, host, reasonOf, registry, upload } from './building.ts';

const versions = [{ argument: 'BASE', of: 'base', range: '^1.2.0' }];
const dockerfile = `ARG BASE=1.2.0\nFROM ${host}/base:$BASE`;

async function put(of: Registry, settings: object = {}) {
  const context = { repository: 'contexts', digest: await upload(of, 'contexts', dockerfile) };
  return of.api('PUT', '/tasks/app', { image: 'app:1', context, versions, ...settings });
}

/** A base with these tags, and a task that has built on the newest of them that it may. */
async function following(tags: readonly string[], settings: object = {}): Promise<Registry> {
  const of = registry();
  for (const tag of tags) await of.push(build('base', `base ${tag}`), tag);
  expect((await put(of, settings)).status).toBeOneOf([200, 201]);
  await of.api('POST', '/tasks/app/run');
  await of.settle();
  return of;
}

async function buildsOf(of: Registry): Promise<readonly string[]> {
  const { items: builds } = (await of.api('GET', '/builds')).body as { items: { id: string }[] };
  const logs = await Promise.all(
    builds.map(async ({ id }) =>
      (await of.app.fetch(new Request(`http://${host}/api/v1/builds/${id}/log?image=app:1`))).text(),
    ),
  );
  return logs.map((log) => /"BASE":"([^"]+)"/.exec(log)?.[1] ?? 'none').reverse();
}

const found = async (of: Registry) => (await of.api('GET', '/tasks/app')).body.found;

describe('a task that follows the newest version of its base within a range', () => {
  it('begins with the newest that there is, by version and not by time', async () => {
    const of = await following(['1.10.0', '1.9.0', '2.0.0', 'latest', '1.11.0-rc.1', '1.2']);
    expect(await found(of)).toEqual({ BASE: '1.10.0' });
    expect(await buildsOf(of)).toEqual(['1.10.0']);
    expect(await dependentsOf(of, 'base:1.10.0')).toEqual(['app:1']);
  });

  it('is built on a newer one when that is pushed, once, and says why', async () => {
    const of = await following(['1.2.0']);
    await of.push(build('base', 'base 1.3.0'), '1.3.0');
    await of.settle((events) => [...events, ...events, ...events].reverse());
    expect(await found(of)).toEqual({ BASE: '1.3.0' });
    expect(await buildsOf(of)).toEqual(['1.2.0', '1.3.0']);
    expect(
      of.events('Longshore.BaseImageUpdated').map(({ data }) => (data as { target: { image: string } }).target.image),
    ).toContain('base:1.3.0');
    expect(await reasonOf(of, 'app:1', 'base:1.3.0')).toBe('made');
    expect(await dependentsOf(of, 'base:1.2.0')).toEqual([]);
  });

  it('stays where it is for a tag that is older, beyond the range, a pre-release, no version, or the same pushed again', async () => {
    const of = await following(['1.5.0']);
    for (const tag of ['1.4.9', '2.0.0', '1.6.0-beta.1', 'edge', '1.5.0-alpine'])
      await of.push(build('base', `base ${tag}`), tag);
    await of.push(build('base', 'base 1.5.0'), '1.5.0');
    await of.settle();
    expect(await buildsOf(of)).toEqual(['1.5.0']);
  });

  it('follows its tag too when that moves', async () => {
    const of = await following(['1.5.0']);
    await of.push(build('base', 'base 1.5.0, mended'), '1.5.0');
    await of.settle();
    expect(await buildsOf(of)).toEqual(['1.5.0', '1.5.0']);
  });

  it('follows tags of its suffix alone', async () => {
    const of = await following(['1.2.0-alpine'], { versions: [{ ...versions[0], suffix: '-alpine' }] });
    await of.push(build('base', 'debian'), '1.4.0');
    await of.push(build('base', 'alpine'), '1.3.0-alpine');
    await of.settle();
    expect(await buildsOf(of)).toEqual(['1.2.0-alpine', '1.3.0-alpine']);
  });

  it('is rebased from the version that it has to the newer one', async () => {
    const of = registry();
    const [old, next] = [
      build('base', 'old', { config: { Env: ['A=1'] } }),
      build('base', 'new', { config: { Env: ['A=2'] } }),
    ];
    await of.push(old, '1.2.0');
    await of.push(build('app', 'app', { base: old, says: `${host}/base:1.2.0` }), '1');
    await of.settle();
    expect((await put(of, { mode: 'rebase' })).status).toBeOneOf([200, 201]);
    await of.push(next, '1.3.0');
    await of.settle();
    const { layers, manifest } = await of.pull('app:1');
    expect(layers).toEqual(['layer new', 'layer app']);
    expect(manifest.annotations?.['org.opencontainers.image.base.name']).toContain('base:1.3.0');
  });

  it('is built on it once whenever the process dies on the way, and the event is delivered again', async () => {
    const outcome = async (calls: CallPlan) => {
      const of = await following(['1.2.0']);
      await of.push(build('base', 'base 1.3.0'), '1.3.0');
      const event = of.events('Microsoft.ContainerRegistry.ImagePushed').at(-1);
      await of
        .process(calls)
        .events['builds-learn'](event)
        .catch(() => undefined);
      await of.settle();
      return [await found(of), await buildsOf(of)];
    };
    const well = [{ BASE: '1.3.0' }, ['1.2.0', '1.3.0']];
    const calm = new CallPlan();
    expect(await outcome(calm)).toEqual(well);
    for (const n of callsToFail(1, calm.total())) {
      const calls = new CallPlan()[n % 2 === 0 ? 'crashBefore' : 'crashAfter'](n);
      expect(await outcome(calls), `crash at call ${n}`).toEqual(well);
    }
  });

  it('is one of many: each of more tasks than one page has follows', async () => {
    const of = registry();
    await of.push(build('base', 'base 1.2.0'), '1.2.0');
    const context = { repository: 'contexts', digest: await upload(of, 'contexts', dockerfile) };
    for (let n = 0; n < 105; n += 1)
      await of.api('PUT', `/tasks/app-${n}`, { image: `app-${n}:1`, context, versions, mode: 'notify' });
    await of.push(build('base', 'base 1.3.0'), '1.3.0');
    const event = of.events('Microsoft.ContainerRegistry.ImagePushed').at(-1);
    await of.process().events['builds-learn'](event);
    const { items: tasks, nextLink } = (await of.api('GET', '/tasks?limit=100')).body as {
      items: { found: object }[];
      nextLink: string;
    };
    const rest = (await of.api('GET', nextLink.replace('/api/v1', ''))).body as {
      items: { found: object }[];
    };
    expect(new Set([...tasks, ...rest.items].map((each) => JSON.stringify(each.found)))).toEqual(
      new Set(['{"BASE":"1.3.0"}']),
    );
  });

  it('is refused without any tag to begin with, with a range that is none, and twice for one argument', async () => {
    expect(await put(registry())).toMatchObject({
      status: 400,
      body: { errors: [{ message: expect.stringContaining('base has no tag in "^1.2.0"') as string }] },
    });
    expect((await put(registry(), { arguments: { BASE: '1.2.0' } })).status).toBeOneOf([200, 201]);
    for (const wrong of [
      [{ ...versions[0], range: 'newest' }],
      [...versions, ...versions],
      [{ ...versions[0], of: 'Base' }],
    ])
      expect((await put(registry(), { versions: wrong })).status).toBe(400);
  });
});

describe('of two tags', () => {
  const setting: VersionSettings = { argument: 'BASE', of: 'base' as never, range: '>=1.0.0', suffix: '' };
  const part = fc.nat({ max: 20 });

  it('one is newer at most, as versions are ordered, and never itself', () => {
    fc.assert(
      fc.property(part, part, part, part, part, part, (a, b, c, d, e, f) => {
        const [left, right] = [`v${a}.${b}.${c}`, `${d}.${e}.${f}`];
        expect(isNewer(setting, left, right)).toBe(
          versionWithin(setting, left) !== undefined &&
            (semver.gt(left, right) || versionWithin(setting, right) === undefined),
        );
        expect(isNewer(setting, left, left)).toBe(false);
        expect(isNewer(setting, left, right) && isNewer(setting, right, left)).toBe(false);
      }),
    );
  });

  it('anything may be a tag that is no version', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        (tag, suffix) => typeof isNewer({ ...setting, suffix }, tag, '1.0.0') === 'boolean',
      ),
    );
  });
});
