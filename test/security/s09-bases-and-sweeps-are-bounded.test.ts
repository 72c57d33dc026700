import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { StoreFailure } from '../../shared/core/ports/failures.ts';
import type { Log } from '../../shared/core/ports/log.ts';
import { silentLog } from '../../shared/core/ports/log.ts';
import type { Registry } from '../shared/features/builds/bases/building.ts';
import { build, host, registry, upload } from '../shared/features/builds/bases/building.ts';
import { ask, pushBlob } from '../shared/image.ts';

/** An image with a provenance, in its own manifest, that names these images. */
async function pushWithProvenance(
  of: Registry,
  repository: string,
  tag: string,
  materials: readonly object[],
): Promise<void> {
  const statement = Buffer.from(JSON.stringify({ predicate: { materials } }));
  const config = Buffer.from('{}');
  await pushBlob(of.app, repository, statement);
  await pushBlob(of.app, repository, config);
  const layers = [
    {
      mediaType: 'application/vnd.in-toto+json',
      digest: digestOf(statement),
      size: statement.length,
      annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v0.2' },
    },
  ];
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(config), size: 2 },
    layers,
  });
  expect(
    (
      await ask(of.app, 'PUT', `/v2/${repository}/manifests/${tag}`, {
        body,
        headers: { 'content-type': mediaTypes.ociManifest },
      })
    ).status,
  ).toBe(201);
}

async function documentsOf(of: Registry, type: string): Promise<Record<string, unknown>[]> {
  const page = await connectMemory(of.world).documents.queryDocuments({
    container: 'dependencies',
    where: [{ path: 'type', is: '=', value: type }],
    limit: 5_000,
  });
  return page.documents.map(({ document }) => document);
}

const uris = (count: number, of: string) =>
  Array.from({ length: count }, (_, n) => ({ uri: `pkg:docker/${of}/image-${n}@1` }));

describe('an image that names bases without end', () => {
  it('has some dozens of them kept, whoever named them first, and the explanation says that there are more', async () => {
    const of = registry();
    await pushWithProvenance(of, 'app', '1', uris(3_000, 'other.example'));
    await of.settle();
    expect((await documentsOf(of, 'edge')).length).toBe(40);
    expect((await documentsOf(of, 'watched')).length).toBe(40);
    const { body } = await of.api('GET', '/builds/explain?image=app:1&base=elsewhere.example/x:1');
    expect(body).toMatchObject({
      reason: 'not-a-dependent',
      why: expect.stringMatching(/it names 160 more/) as unknown,
    });
  });

  it('takes no time that grows with the square of what it says of one of them', async () => {
    const of = registry();
    const hex = (n: number) => n.toString(16).padStart(64, '0');
    const begun = performance.now();
    await pushWithProvenance(
      of,
      'app',
      '1',
      Array.from({ length: 10_000 }, (_, n) => ({
        uri: 'pkg:docker/other.example/image@1',
        digest: { sha256: hex(n) },
      })),
    );
    await of.settle();
    expect(performance.now() - begun).toBeLessThan(5_000);
    const [edge] = await documentsOf(of, 'edge');
    expect((edge?.found as unknown[]).length).toBeLessThanOrEqual(50);
  });

  it('has the bases of its own task kept before what its builder says', async () => {
    const of = registry();
    await of.push(build('base', 'base'), '1');
    const context = { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) };
    expect(await of.api('PUT', '/tasks/app', { image: 'app:1', context })).toMatchObject({
      status: expect.toBeOneOf([200, 201]) as number,
    });
    await pushWithProvenance(of, 'app', '1', uris(500, 'other.example'));
    await of.settle();
    const edges = await documentsOf(of, 'edge');
    expect(edges.some(({ base, repository }) => base === 'own:default:base' && repository === 'app')).toBe(true);
  });

  it('has some hundreds of tags watched with all others of its repository, and no other repository loses by it', async () => {
    const of = registry();
    for (let n = 0; n < 10; n += 1) await pushWithProvenance(of, 'greedy', `${n}`, uris(40, `h${n}.example`));
    await of.settle();
    // Edges are made some at once, and each counts before it adds.
    const { length } = await documentsOf(of, 'watched');
    expect(length).toBeGreaterThanOrEqual(300);
    expect(length).toBeLessThan(310);
    await of.push(build('modest', 'modest', { says: 'modest.example/library/base:1' }), '1');
    await of.settle();
    expect((await documentsOf(of, 'watched')).some(({ base }) => base === 'modest.example/library/base')).toBe(true);
  }, 60_000);

  it('has others watched in their place when its images are gone', async () => {
    const of = registry({ upstream: { intervalMs: 60_000, perMinute: 1_000 } });
    await pushWithProvenance(of, 'greedy', '1', uris(40, '127.0.0.1:9'));
    await of.settle();
    expect((await documentsOf(of, 'watches')).length).toBe(40);
    expect((await ask(of.app, 'DELETE', '/v2/greedy/manifests/1')).status).toBe(202);
    await of.settle();
    of.clock.advance(120_000);
    await of.process().timers['builds-sweep']();
    expect([(await documentsOf(of, 'watched')).length, (await documentsOf(of, 'watches')).length]).toEqual([0, 0]);
  });
});

/** Returns a log, and the errors that an app has logged with it. */
function listening(): { log: Log; errors: string[] } {
  const errors: string[] = [];
  return {
    errors,
    log: { ...silentLog, error: (fields, message) => void errors.push(`${message} ${JSON.stringify(fields)}`) },
  };
}

async function spoil(
  of: Registry,
  container: 'registries' | 'dependencies' | 'builds' | 'repositories' | 'blobs',
  partition: string[],
  document: Record<string, unknown> & { id: string },
): Promise<void> {
  await connectMemory(of.world).documents.commitDocuments(container, partition, [{ do: 'upsert', document }]);
}

describe('a part of a sweep that fails', () => {
  it('stops no other part of the sweep of builds: schedules are kept while no tag can be watched, and is told of', async () => {
    const of = registry();
    const context = { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) };
    expect(await of.api('PUT', '/tasks/app', { image: 'app:1', context, schedule: { every: 'hour' } })).toMatchObject({
      status: 201,
    });
    of.clock.advance(2 * 3_600_000);
    const { log, errors } = listening();
    const memory = connectMemory(of.world);
    const documents: typeof memory.documents = {
      ...bound(memory.documents),
      queryDocuments: (query) =>
        query.container === 'dependencies' && query.partition === undefined
          ? Promise.reject(new StoreFailure({ dependency: 'documents', kind: 'unavailable', message: 'it is down' }))
          : memory.documents.queryDocuments(query),
    };
    const one = composeForTest({ world: of.world, adapters: { documents, clock: of.clock, log } });
    await expect(one.timers['builds-sweep']()).rejects.toThrow('it is down');
    expect(errors.join()).toContain('tags of upstreams');
    const { items: builds } = (await of.api('GET', '/builds')).body as { items: object[] };
    expect(builds).toHaveLength(1);
  });

  it('is one document: a task that cannot be read stops no schedule, no plan and no list of builds', async () => {
    const of = registry();
    const context = { repository: 'contexts', digest: await upload(of, 'contexts', `FROM ${host}/base:1`) };
    expect(await of.api('PUT', '/tasks/app', { image: 'app:1', context, schedule: { every: 'hour' } })).toMatchObject({
      status: 201,
    });
    for (let n = 0; n < 150; n += 1)
      await spoil(of, 'registries', ['default'], {
        id: `task:a-${n}`,
        type: 'task',
        name: `a-${n}`,
        schemaVersion: 1,
        registry: 'default',
        dueAt: '1970-01-01T00:00:00.000Z',
      });
    of.clock.advance(2 * 3_600_000);
    const { log, errors } = listening();
    await composeForTest({ world: of.world, adapters: { clock: of.clock, log } }).timers['builds-sweep']();
    expect(errors.some((each) => each.includes('task:a-7'))).toBe(true);
    const { items: builds } = (await of.api('GET', '/builds')).body as { items: object[] };
    expect(builds).toHaveLength(1);
  });

  it('is one document: a watched tag, an edge and a build that cannot be read stop none of the others', async () => {
    const of = registry({ upstream: { intervalMs: 60_000, perMinute: 1_000, hosts: ['127.0.0.1:9'] } });
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    const base = build('base', 'base 1');
    await of.push(base, '1');
    await of.push(build('app', 'app', { base, says: `${host}/base:1` }), '1');
    await of.push(build('other', 'other', { says: '127.0.0.1:9/library/base:1' }), '1');
    await of.settle();
    await spoil(of, 'dependencies', ['a.example/base'], {
      id: 'watched:1',
      base: 'a.example/base',
      type: 'watched',
      dueAt: '1970-01-01T00:00:00.000Z',
    });
    await spoil(of, 'dependencies', ['own:default:base'], {
      id: 'edge:aaa',
      base: 'own:default:base',
      type: 'edge',
      tag: '1',
    });
    await of.push(build('base', 'base 2'), '1');
    await of.settle();
    expect((await of.pull('app:1')).layers[0]).toBe('layer base 2');
    of.clock.advance(120_000);
    await of.process().timers['builds-sweep']();
    expect(await documentsOf(of, 'watched')).toEqual(
      expect.arrayContaining([expect.objectContaining({ base: '127.0.0.1:9/library/base', failures: 1 })]),
    );
  });

  it('is one event that the topic never takes: the younger ones are published all the same', async () => {
    const of = registry();
    for (const name of ['bad', 'good']) await of.push(build(name, name), '1');
    const memory = connectMemory(of.world);
    const { log, errors } = listening();
    const told: string[] = [];
    const topic: typeof memory.topic = {
      publishEvents(events) {
        if (events.some(({ subject }) => subject.startsWith('bad')))
          return Promise.reject(
            new StoreFailure({ dependency: 'events', kind: 'unavailable', message: 'it is too large' }),
          );
        told.push(...events.map(({ subject }) => subject));
        return Promise.resolve();
      },
    };
    const page = await memory.documents.queryDocuments({
      container: 'repositories',
      where: [{ path: 'type', is: '=', value: 'event' }],
      limit: 100,
    });
    for (const { document } of page.documents)
      await memory.documents.commitDocuments(
        'repositories',
        [String(document.registry), String(document.repository)],
        [{ do: 'patch', id: document.id, set: { state: 'pending' } }],
      );
    await spoil(of, 'repositories', ['default', 'bad'], {
      id: 'event:spoilt',
      type: 'event',
      state: 'pending',
      registry: 'default',
      repository: 'bad',
      recordedAt: '1970-01-01T00:00:00.000Z',
    });
    of.clock.advance(60_000);
    await composeForTest({ world: of.world, adapters: { topic, clock: of.clock, log } }).timers['events-sweep']();
    expect(told.some((subject) => subject.startsWith('good'))).toBe(true);
    expect(told.some((subject) => subject.startsWith('bad'))).toBe(false);
    expect(errors.length).toBeGreaterThan(1);
  });

  it.each([
    ['replication', 'replication-sweep'],
    ['deletions that are due', 'recycle-bin-purge'],
    ['bytes that are due', 'collection-collect'],
    ['leftovers', 'collection-leftovers'],
    ['policies', 'purge-mark'],
    ['webhooks', 'webhooks-sweep'],
    ['usage', 'usage-survey'],
    ['deleted repositories', 'acr-reconcile'],
  ] as const)('is one document that cannot be read, wherever it lies: the sweep of %s goes on', async (_, sweep) => {
    const of = registry();
    await of.push(build('app', 'app'), '1');
    const past = '1970-01-01T00:00:00.000Z';
    const spoilt = {
      schemaVersion: 99,
      dueAt: past,
      takenAt: past,
      deadline: past,
      queuedAt: past,
      updatedAt: past,
      state: 'deleted',
      status: 'waiting',
      region: 'home',
      present: true,
    };
    for (const type of ['unsettled', 'binned', 'binned-tag', 'spent-content', 'replicated'])
      await spoil(of, 'repositories', ['default', 'app'], {
        id: `spoilt:${type}`,
        type,
        registry: 'default',
        repository: 'app',
        ...spoilt,
      });
    for (const type of ['link-check', 'blob-check', 'collected', 'copy', 'blob'])
      await spoil(of, 'blobs', ['sha256:a'], { id: `spoilt:${type}`, type, digest: 'sha256:a', ...spoilt });
    for (const type of ['repository', 'webhook-health', 'webhook-redelivery'])
      await spoil(of, 'registries', ['default'], { id: `spoilt:${type}`, type, registry: 'default', ...spoilt });
    of.clock.advance(60_000);
    const { log, errors } = listening();
    await composeForTest({ world: of.world, adapters: { clock: of.clock, log } }).timers[sweep]();
    if (!['replication-sweep', 'collection-leftovers', 'purge-mark'].includes(sweep))
      expect(errors.length).toBeGreaterThan(0);
  });
});

function bound<T extends object>(of: T): T {
  const names = new Set([...Object.keys(of), ...Object.getOwnPropertyNames(Object.getPrototypeOf(of))]);
  return Object.fromEntries(
    [...names]
      .filter((name) => name !== 'constructor')
      .map((name) => [
        name,
        typeof of[name as keyof T] === 'function'
          ? (of[name as keyof T] as (...args: unknown[]) => unknown).bind(of)
          : of[name as keyof T],
      ]),
  ) as T;
}
