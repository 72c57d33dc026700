import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../shared/core/oci/digest.ts';
import type { JsonDocument } from '../../../shared/core/ports/documents.ts';
import { build } from '../features/builds/bases/building.ts';
import { runDue } from '../run-due.ts';
import type { Deployment } from './deployment.ts';
import { Deliveries, deploy, documentsOf } from './deployment.ts';
import { Life, operationsOf, pushImage } from './life.ts';
import { image, lives, open } from './lives.ts';

const dayMs = 24 * 3_600_000;

function published(of: Deployment, type: string) {
  return of.world.region().events.log.filter((event) => event.type === type);
}

describe('a registry that is named registries', () => {
  it('gets its events, though what registries share has a source that ends so', async () => {
    // The one name that is like the end of that source.
    const name = 'registries' as 'a';
    const of = await deploy({ ...open, names: [name] });
    await pushImage(new Life(of, name, await operationsOf(of)), image, '1');
    for (const event of of.world.region().events.log) await of.events['usage-record'](event);
    const { documents } = await of.memory.documents.queryDocuments({
      container: 'usage',
      where: [{ path: 'registry', is: '=', value: name }],
      limit: 10,
    });
    expect(documents.length).toBeGreaterThan(0);
  });
});

describe('bytes that several registries share', () => {
  it("are told of as nobody's when they are deleted, and no registry's webhooks hear of it", async () => {
    const of = await deploy(open);
    const { a, own } = await lives(of);
    const body = { serviceUri: 'https://receiver.example/', actions: ['Longshore.BlobCollected', 'Longshore.Purged'] };
    for (const life of [own, a]) await life.api('putWebhook', { params: { name: 'hook1' }, body });
    await pushImage(a, image, '1');
    await a.http('v2 manifest DELETE', `/v2/team/app/manifests/${image.digest}`);
    const deliveries = new Deliveries(of);
    for (let days = 0; days < 40; days += 1) {
      of.clock.advance(dayMs);
      await runDue(of);
    }
    await deliveries.settle();
    const collected = published(of, 'Longshore.BlobCollected');
    expect(collected.length).toBeGreaterThan(0);
    expect(new Set(collected.map(({ source }) => source))).toEqual(new Set(['/longshore/registries']));
    expect(published(of, 'Longshore.Purged').map(({ source }) => source)).toEqual(['/longshore/registries/a']);
    const typesOf = async (life: Life) =>
      ((await life.api('listWebhookDeliveries', { params: { name: 'hook1' } })).items as { eventType: string }[]).map(
        ({ eventType }) => eventType,
      );
    expect([await typesOf(own), await typesOf(a)]).toEqual([[], ['Longshore.Purged']]);
  });

  it("are told of as the registry's where there is one", async () => {
    const of = await deploy({ ...open, names: [] });
    const { own } = await lives(of);
    await pushImage(own, image, '1');
    await own.http('v2 manifest DELETE', `/v2/team/app/manifests/${image.digest}`);
    for (let days = 0; days < 40; days += 1) {
      of.clock.advance(dayMs);
      await runDue(of);
    }
    const sources = new Set(published(of, 'Longshore.BlobCollected').map(({ source }) => source));
    expect(sources).toEqual(new Set(['/longshore']));
  });

  it('are freed by a plan as if no other registry held them', async () => {
    const bytesOf = async (holders: readonly ('a' | 'b')[]) => {
      const of = await deploy(open);
      const all = await lives(of);
      for (const name of holders) await pushImage(all[name], name === 'a' ? image : build('team/other', 'app'), '1');
      const body = { remove: [{ name: 'old', olderThanDays: 10 }], brakePercent: 100 };
      await all.a.api('putPurgePolicy', { params: { name: 'nightly' }, body });
      of.clock.advance(20 * dayMs);
      return ((await all.a.api('createPurgePlan', { params: { name: 'nightly' } })) as { bytes: number }).bytes;
    };
    const alone = await bytesOf(['a']);
    expect(alone).toBeGreaterThan(0);
    expect(await bytesOf(['a', 'b'])).toBe(alone);
  });
});

describe('a copy that several registries wait for', () => {
  async function waiting() {
    const home = await deploy(open);
    const second = await deploy({ ...open, world: home.world, clock: home.clock, region: 'second' });
    const { a, b } = await lives(home);
    for (const life of [a, b]) await life.api('putReplication', { params: { region: 'second' }, body: {} });
    const ofB = build('team/other', 'app');
    await pushImage(a, image, '1');
    await pushImage(b, ofB, '1');
    await new Deliveries(home).settle();
    return { home, second, log: () => home.world.region('second').events.log };
  }

  const sources = ['/longshore/registries/a', '/longshore/registries/b'];

  it('is told of to each as its own when it is made', async () => {
    const { second, log } = await waiting();
    await second.messages['replication-copy']();
    const told = log()
      .filter(({ type }) => type === 'Longshore.ReplicationCompleted')
      .map(({ source, data }) => [source, (data as { target: { repository: string } }).target.repository])
      .sort();
    expect(told).toEqual([
      [sources[0], 'team/app'],
      [sources[1], 'team/other'],
    ]);
  });

  it('is told of to each as its own while it keeps failing', async () => {
    const { home, second, log } = await waiting();
    for (const name of home.world.region('home').blobs.names()) home.world.region('home').blobs.delete(name);
    for (let n = 0; n < 8; n += 1) {
      home.clock.advance(3_600_000);
      await second.messages['replication-copy']();
    }
    const told = log()
      .filter(({ type }) => type === 'Longshore.ReplicationFailing')
      .map(({ source, data }) => [source, (data as { target: { repositories: string[] } }).target.repositories]);
    expect(told.map(([source]) => source).sort()).toEqual(expect.arrayContaining(sources));
    for (const [source, repositories] of told)
      expect(repositories).toEqual([source === sources[0] ? 'team/app' : 'team/other']);
  });
});

describe('a base that a task of one registry names', () => {
  it('is asked for by that registry alone', async () => {
    const asked: string[] = [];
    const outbound = {
      getJson: () => Promise.reject(new Error('not asked')),
      askBytes: () => Promise.reject(new Error('not asked')),
      ask: (url: URL) => {
        asked.push(url.host);
        const headers = { 'docker-content-digest': digestOf(Buffer.from('x')) };
        return Promise.resolve({ status: 200, headers, text: '' });
      },
    };
    const of = await deploy({ ...open, adapters: { outbound } });
    const { a, b } = await lives(of);
    const base = 'registry.internal.example/team/base:1';
    of.git.create('https://git.example/app.git');
    of.git.commit('https://git.example/app.git', 'main', { Dockerfile: `FROM ${base}\n` });
    const body = {
      image: 'built:1',
      context: { git: 'https://git.example/app.git' },
      pulls: ['registry.internal.example/team/base'],
    };
    await a.api('putTask', { params: { name: 'app' }, body });
    await pushImage(b, build('team/app', 'said', { says: base }), '1');
    await new Deliveries(of).settle();
    of.clock.advance(1_000);
    await of.timers['builds-sweep']();
    const watched = async (name: 'a' | 'b') =>
      Object.values((await documentsOf(of))[name]).filter(({ type }: JsonDocument) => type === 'watched');
    expect(asked).toEqual(['registry.internal.example']);
    expect([...(await watched('a')), ...(await watched('b'))].map(({ error }) => error)).toEqual([
      undefined,
      expect.stringContaining('is not an upstream') as string,
    ]);
  });
});

describe('a delivery of a registry that is configured no more', () => {
  it('is not given up by the others, and is once the registry is back', async () => {
    const answer = { is: 'answered', status: 503, reason: '', headers: {}, body: '', truncated: false, ms: 1 } as const;
    const with503 = { ...open, adapters: { receivers: { post: () => Promise.resolve(answer) } } };
    const before = await deploy(with503);
    const { b } = await lives(before);
    const body = { serviceUri: 'https://receiver.example/', actions: ['push'] };
    await b.api('putWebhook', { params: { name: 'hook1' }, body });
    await pushImage(b, image, '1');
    for (const event of before.world.region().events.log) await before.events['webhooks-dispatch'](event);
    before.clock.advance(3 * dayMs);
    const statuses = async (of: Deployment) =>
      Object.values((await documentsOf(of)).b).flatMap(({ type, status }) => (type === 'delivery' ? [status] : []));
    const after = await deploy({ ...with503, world: before.world, clock: before.clock, names: ['a'] });
    await after.timers['webhooks-sweep']();
    expect(await statuses(after)).toEqual(['waiting']);
    await before.timers['webhooks-sweep']();
    expect(await statuses(before)).toEqual(['expired']);
  });
});
