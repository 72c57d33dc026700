import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../../shared/adapters/memory/calls.ts';
import type { reasons } from '../../../../../shared/features/builds/explain.ts';
import { ask } from '../../../image.ts';
import type { Built, Registry } from './building.ts';
import { build, host, reasonOf, registry, upload } from './building.ts';

const base1 = build('base', 'base 1');
const base2 = build('base', 'base 2');
const onBase = (repository: string, base: Built = base1, says = `${host}/base:1`) =>
  build(repository, repository, { base, says });

/** `app:1` on `base:1`, and a policy that takes it in. */
async function started(policy: object = { mode: 'rebase' }): Promise<Registry> {
  const of = registry();
  await of.api('PUT', '/builds/policies/all', policy);
  await of.push(base1, '1');
  await of.push(onBase('app'), '1');
  await of.settle();
  return of;
}

/** Learned and planned; nothing is made yet. */
async function planned(of: Registry): Promise<void> {
  const { log } = of.world.region('home').events;
  const one = of.process();
  await one.events['builds-learn'](log.findLast(({ type }) => type === 'Longshore.TagMoved'));
  await one.events['builds-plan'](log.findLast(({ type }) => type === 'Longshore.BaseImageUpdated'));
}

async function updated(of: Registry): Promise<void> {
  await of.push(base2, '1');
  await of.settle();
}

const app = (of: Registry) => reasonOf(of, 'app:1', 'base:1');

/** Each reason, and what has to happen for it. */
const cases: Record<(typeof reasons)[number], () => Promise<unknown>> = {
  'image-unknown': async () => reasonOf(await started(), 'nothing:1', 'base:1'),
  'not-learned-yet': async () => {
    const of = await started();
    await of.push(onBase('other'), '1');
    return reasonOf(of, 'other:1', 'base:1');
  },
  'not-a-dependent': async () => reasonOf(await started(), 'app:1', 'alpine:3'),
  circle: async () => {
    const of = await started();
    await of.push(build('base', 'base 1', { says: `${host}/app:1` }), '1');
    await of.settle();
    return reasonOf(of, 'base:1', 'app:1');
  },
  'waits-for-its-turn': async () => {
    const of = registry();
    await of.push(base1, '1');
    const context = { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) };
    await of.api('PUT', '/tasks/app', { image: 'app:1', context, atMostPerHour: 1 });
    await of.api('POST', '/tasks/app/run');
    await of.settle();
    await updated(of);
    return app(of);
  },
  'pinned-to-a-digest': async () => {
    const of = await started();
    await of.push(onBase('pinned', base1, `${host}/base:1@${base1.digest}`), '1');
    await of.settle();
    // Its layers say that it follows the tag; what its builder says goes before.
    await of.push(build('pinned', 'flattened', { says: `${host}/base:1@${base1.digest}` }), '1');
    await of.settle();
    return reasonOf(of, 'pinned:1', 'base:1');
  },
  'another-registry': async () => {
    const of = await started();
    await of.push(build('foreign', 'foreign', { says: 'docker.io/library/alpine:3' }), '1');
    await of.settle();
    return reasonOf(of, 'foreign:1', 'docker.io/library/alpine:3');
  },
  'registry-not-listed': async () => {
    const of = registry();
    of.git.create('https://git.example/app.git');
    of.git.commit('https://git.example/app.git', 'main', { Dockerfile: 'FROM registry.example/base:1' });
    await of.api('PUT', '/tasks/app', { image: 'app:1', context: { git: 'https://git.example/app.git' } });
    await of.push(build('app', 'app'), '1');
    await of.settle();
    return reasonOf(of, 'app:1', 'registry.example/base:1');
  },
  'base-not-permitted': async () => app(await started({ mode: 'rebase', bases: { include: ['other/**'] } })),
  'base-unknown': async () => {
    const of = await started();
    await of.push(build('orphan', 'orphan', { says: `${host}/lost:1` }), '1');
    await of.settle();
    return reasonOf(of, 'orphan:1', 'lost:1');
  },
  'no-policy': async () => app(await started({ mode: 'rebase', repositories: { include: ['team/**'] } })),
  'policy-disabled': async () => app(await started({ mode: 'rebase', enabled: false })),
  'policy-only-notifies': async () => app(await started({ mode: 'notify' })),
  notified: async () => {
    const of = await started({ mode: 'notify' });
    await updated(of);
    return app(of);
  },
  'up-to-date': async () => app(await started()),
  'waits-for-a-build': async () => {
    const of = await started();
    await of.push(base2, '1');
    await planned(of);
    await of.push(build('base', 'base 3'), '1');
    await planned(of);
    return app(of);
  },
  'waits-for-a-base': async () => {
    const of = await started();
    const left = onBase('left');
    await of.push(left, '1');
    await of.push(onBase('top', left, `${host}/left:1`), '1');
    await of.settle();
    await of.push(base2, '1');
    await planned(of);
    return reasonOf(of, 'top:1', 'left:1');
  },
  ready: async () => {
    const of = await started();
    await of.push(base2, '1');
    await planned(of);
    return app(of);
  },
  'being-made': async () => {
    const of = await started();
    await of.push(base2, '1');
    await planned(of);
    const [message] = of.world.region('home').queues.drain('build-runs');
    await of
      .process(new CallPlan().crashBefore(8))
      .messages['builds-work'](message)
      .catch(() => undefined);
    return app(of);
  },
  made: async () => {
    const of = await started();
    await updated(of);
    return app(of);
  },
  'needed-nothing': async () => {
    const of = await started();
    await of.push(base2, '1');
    await of.push(onBase('app', base2), '1');
    await of.settle();
    return app(of);
  },
  failed: async () => {
    const of = await started();
    await of.push(build('base', 'base 2', { config: { User: 'other' } }), '1');
    await of.settle();
    return app(of);
  },
  'test-failed': async () => {
    const of = await started();
    const digest = await upload(of, 'contexts', `FROM ${host}/base:1`);
    await of.api('PUT', '/tasks/app', {
      image: 'app:1',
      context: { repository: 'contexts', digest },
      test: { command: ['false'] },
    });
    await updated(of);
    return app(of);
  },
  stopped: async () => {
    const of = await started();
    await of.push(onBase('top', onBase('app'), `${host}/app:1`), '1');
    await of.settle();
    await of.push(build('base', 'base 2', { config: { User: 'other' } }), '1');
    await of.settle();
    return reasonOf(of, 'top:1', 'app:1');
  },
  cancelled: async () => {
    const of = await started();
    await of.push(base2, '1');
    // Planned, and nothing of it is begun: its messages are lost.
    await of.settle((delivered) =>
      delivered.filter((each) => !(typeof each === 'object' && each !== null && 'build' in each)),
    );
    const [{ id }] = (await of.api('GET', '/builds')).body.items as [{ id: string }];
    await of.api('POST', `/builds/${id}/cancel`);
    await of.settle();
    return app(of);
  },
  'not-updated-since': async () => {
    const of = registry();
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    await of.push(base1, '1');
    await of.settle();
    await of.push(base2, '1');
    await of.settle();
    // Built on what the tag was, and pushed after it has moved.
    await of.push(onBase('late'), '1');
    await of.settle();
    return reasonOf(of, 'late:1', 'base:1');
  },
};

describe('the reason why an image was or was not built', () => {
  it.each(Object.entries(cases))('is answered from what is stored: %s', async (reason, happen) => {
    expect(await happen()).toBe(reason);
  });

  it('is a sentence that names the image and what decided', async () => {
    const of = await started();
    const { body } = await of.api('GET', '/builds/explain?image=app:1&base=alpine:3');
    expect(body).toEqual({
      image: 'app:1',
      base: 'alpine:3',
      reason: 'not-a-dependent',
      why: 'app:1 is built on base:1',
    });
  });

  it.each(['/builds/explain?image=app:1', '/builds/explain?image=app@x&base=base:1', '/bases?image=UPPER:1'])(
    'asks for what is missing or wrong: %s',
    async (path) => {
      const of = await started();
      expect((await of.api('GET', path)).status).toBe(400);
    },
  );
});

describe('a dry run', () => {
  it('lists the images that would be built, in order, and builds nothing', async () => {
    const of = await started();
    await of.push(onBase('top', onBase('app'), `${host}/app:1`), '1');
    await of.settle();
    expect((await of.api('GET', '/builds/dry-run?base=base:1')).body).toEqual({
      base: 'base:1',
      items: [
        { image: 'app:1', mode: 'rebase', by: 'policy "all"', after: [] },
        { image: 'top:1', mode: 'rebase', by: 'policy "all"', after: ['app:1'] },
      ],
    });
    expect((await of.api('GET', '/builds')).body).toMatchObject({ items: [] });
  });
});

describe('the learned bases of an image', () => {
  it('are deleted with its tag, and restored with it', async () => {
    const of = await started();
    expect((await of.api('GET', '/bases?image=base:1')).body).toMatchObject({ items: [{ image: 'app:1' }] });
    await ask(of.app, 'DELETE', '/v2/app/manifests/1');
    await of.settle();
    expect((await of.api('GET', '/bases?image=base:1')).body).toMatchObject({ items: [] });
    await of.push(onBase('app'), '1');
    await of.settle();
    expect((await of.api('GET', '/bases?image=base:1')).body).toMatchObject({ items: [{ image: 'app:1' }] });
  });
});
