import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../shared/core/oci/digest.ts';
import { build } from '../features/builds/bases/building.ts';
import { Deliveries, deploy, documentsOf } from './deployment.ts';
import type { Life } from './life.ts';
import { pushImage } from './life.ts';
import { image, lives, open, repositoriesAt } from './lives.ts';

describe('an event', () => {
  it('carries its registry as its source; that of the settings has the source from before', async () => {
    const of = await deploy(open);
    const { a, own } = await lives(of);
    for (const life of [own, a]) await pushImage(life, image, '1');
    const pushed = of.world.region().events.log.filter(({ type }) => type.endsWith('ImagePushed'));
    expect(pushed.map(({ source }) => source)).toEqual(['/longshore', '/longshore/registries/a']);
  });

  it('is of the registry that its source names, whoever has forged it, and of no other', async () => {
    const of = await deploy(open);
    const { a, b, own } = await lives(of);
    for (const life of [a, b, own]) await pushImage(life, image, '1');
    const pushed = of.world
      .region()
      .events.log.find(({ type, source }) => type.endsWith('ImagePushed') && source.endsWith('/a'));
    const pushes = async (life: Life) => (await life.api('getUsage')).pushes;
    await of.events['usage-record']({ ...pushed, id: 'forged', source: '/longshore/registries/b' });
    expect([await pushes(a), await pushes(b), await pushes(own)]).toEqual([0, 1, 0]);
    await of.events['usage-record']({ ...pushed, id: 'from before', source: '/subscriptions/1/another/source' });
    expect([await pushes(a), await pushes(b), await pushes(own)]).toEqual([0, 1, 1]);
    await of.events['usage-record']({ ...pushed, id: 'base was another', source: '/before/registries/a' });
    expect([await pushes(a), await pushes(b), await pushes(own)]).toEqual([1, 1, 1]);
    for (const source of ['/longshore/registries/gone', '/longshore/registries/', '/longshore/registries/a/b'])
      await of.events['usage-record']({ ...pushed, id: source, source });
    expect([await pushes(a), await pushes(b), await pushes(own)]).toEqual([1, 1, 1]);
    for (const no of [undefined, null, 7, {}, { source: 7 }]) await of.events['usage-record'](no);
  });
});

describe('a message', () => {
  it('carries its registry, and does its work there alone', async () => {
    const of = await deploy(open);
    const { a, b } = await lives(of);
    of.git.create('https://git.example/app.git');
    of.git.commit('https://git.example/app.git', 'main', { Dockerfile: 'FROM base:1\n' });
    for (const life of [a, b]) {
      await life.api('putTask', {
        params: { name: 'app' },
        body: { image: 'built:1', context: { git: 'https://git.example/app.git' } },
      });
    }
    await b.api('runTask', { params: { name: 'app' } });
    const messages = of.world.region().queues.drain('build-runs');
    expect(messages.length).toBeGreaterThan(0);
    expect(new Set(messages.map((message) => (message as { registry: string }).registry))).toEqual(new Set(['b']));
    for (const message of messages) await of.messages['builds-work']({ ...(message as object), registry: 'a' });
    expect(await repositoriesAt(of, 'b')).toEqual({ repositories: [] });
    for (const message of messages) await of.messages['builds-work']({ ...(message as object), registry: 'gone' });
    for (const message of messages) await of.messages['builds-work'](message);
    expect(await repositoriesAt(of, 'b')).toEqual({ repositories: ['built'] });
    expect(await repositoriesAt(of, 'a')).toEqual({ repositories: [] });
  });

  it('that was lost is sent again by the registry whose delivery it is', async () => {
    let isUp = false;
    const answer = { is: 'answered', reason: '', headers: {}, body: '', truncated: false, ms: 1 } as const;
    const receivers = { post: () => Promise.resolve({ ...answer, status: isUp ? 200 : 503 }) };
    const of = await deploy({ ...open, adapters: { receivers } });
    const { a, b } = await lives(of);
    const body = { serviceUri: 'https://receiver.example/', actions: ['push'] };
    for (const life of [a, b]) await life.api('putWebhook', { params: { name: 'hook1' }, body });
    await pushImage(b, image, '1');
    for (const event of of.world.region().events.log) await of.events['webhooks-dispatch'](event);
    of.world.region().queues.drain('webhook-deliveries');
    isUp = true;
    of.clock.advance(10 * 60_000);
    of.world.region().queues.drain('webhook-deliveries');
    await of.timers['webhooks-sweep']();
    const again = of.world.region().queues.drain('webhook-deliveries');
    expect(again).toMatchObject([{ registry: 'b' }]);
    for (const message of again) await of.messages['webhooks-deliver'](message);
    const { items } = (await b.api('listWebhookDeliveries', { params: { name: 'hook1' } })) as {
      items: { status: string }[];
    };
    expect(items.map(({ status }) => status)).toEqual(['delivered']);
    of.messages['webhooks-let-go']({ registry: 'gone' });
  });
});

describe('a base of a third registry', () => {
  it('is watched by each registry for itself', async () => {
    const asked: string[] = [];
    const outbound = {
      getJson: () => Promise.reject(new Error('not asked')),
      askBytes: () => Promise.reject(new Error('not asked')),
      ask: (url: URL) => {
        asked.push(url.host);
        return Promise.resolve({
          status: 200,
          headers: { 'docker-content-digest': digestOf(Buffer.from('x')) },
          text: '',
        });
      },
    };
    const of = await deploy({ ...open, adapters: { outbound } });
    const { a, b } = await lives(of);
    of.git.create('https://git.example/app.git');
    of.git.commit('https://git.example/app.git', 'main', { Dockerfile: 'FROM ghcr.io/team/base:1\n' });
    for (const life of [a, b])
      await life.api('putTask', {
        params: { name: 'app' },
        body: { image: 'built:1', context: { git: 'https://git.example/app.git' } },
      });
    of.clock.advance(1_000);
    await of.timers['builds-sweep']();
    expect(asked).toHaveLength(2);
    for (const life of [a, b])
      expect((await life.api('listBases', { query: { image: 'ghcr.io/team/base:1' } })).items).toHaveLength(1);
    for (const ofOne of [(await documentsOf(of)).a, (await documentsOf(of)).b])
      expect(Object.values(ofOne).filter(({ type }) => type === 'watched')).toHaveLength(1);
    await a.api('deleteTask', { params: { name: 'app' } });
    of.clock.advance(3 * 3_600_000);
    await of.timers['builds-sweep']();
    expect(Object.values((await documentsOf(of)).b).filter(({ type }) => type === 'watched')).toHaveLength(1);
  });
});

describe('regions', () => {
  it('copy what each registry wants there, whatever another pauses, forgets or empties', async () => {
    const home = await deploy(open);
    const second = await deploy({ ...open, world: home.world, clock: home.clock, region: 'second' });
    const { a, b } = await lives(home);
    for (const life of [a, b]) await life.api('putReplication', { params: { region: 'second' }, body: {} });
    await a.api('updateReplication', { params: { region: 'second' }, body: { paused: true } });
    for (const life of [a, b]) await pushImage(life, image, '1');
    await new Deliveries(home).settle();
    await second.messages['replication-copy']();
    const statusOf = async (life: Life) => {
      const query = { repository: 'team/app', tag: '1' };
      const { regions } = (await life.api('getReplicationStatus', { query })) as {
        regions: { region: string; state: string }[];
      };
      return regions.find(({ region }) => region === 'second')?.state;
    };
    expect(await statusOf(b)).toBe('complete');
    // The walks that added replicas begin are over, and make nothing good that comes now.
    await second.timers['replication-sweep']();
    const later = build('team/app', 'later');
    for (const life of [a, b]) await pushImage(life, later, '1');
    await new Deliveries(home).settle();
    await a.api('deleteReplication', { params: { region: 'second' } });
    // A registry without a replica there forgets its waiting copies, and empties the region of its own blobs.
    for (let n = 0; n < 3; n += 1) {
      await second.timers['replication-sweep']();
      home.clock.advance(60_000);
    }
    expect(await statusOf(b)).toBe('complete');
    const ofB = Object.values((await documentsOf(home)).b).filter(({ type }) => type === 'replicated');
    expect(ofB.map(({ state }) => state)).toEqual(['complete', 'complete']);
    const copies = Object.values((await documentsOf(home)).shared).filter(({ type }) => type === 'blob');
    expect(copies.every((blob) => 'second' in (blob.copies as object))).toBe(true);
  });
});

describe('a registry that is configured no more', () => {
  it('keeps its documents, and its events, messages and what is due of it stop nobody', async () => {
    const before = await deploy(open);
    const { a } = await lives(before);
    await pushImage(a, image, '1');
    await a.http('v2 manifest DELETE', `/v2/team/app/manifests/${image.digest}`);
    const kept = Object.keys((await documentsOf(before)).a);
    for (const names of [['b'], []] as const) {
      const after = await deploy({ ...open, world: before.world, clock: before.clock, names });
      const deliveries = new Deliveries(after);
      await deliveries.settle();
      await deliveries.tick();
      expect(Object.keys((await documentsOf(after)).a)).toEqual(kept);
      expect(await repositoriesAt(after, 'default')).toEqual({ repositories: [] });
    }
    const again = await deploy({ ...open, world: before.world, clock: before.clock });
    expect((await (await lives(again)).a.api('listBin')).items).toHaveLength(2);
  });
});
