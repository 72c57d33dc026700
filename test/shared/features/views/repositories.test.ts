import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { everythingEnabled } from '../../../../shared/core/documents/attributes.ts';
import { inBatches } from '../../../../shared/core/documents/batches.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { timedLongshore } from '../recycle-bin/binned.ts';
import { deliverEvents, foldAll } from '../usage/counting.ts';
import type { Page } from './viewing.ts';
import { allPages, namesOf, pull, tag, view } from './viewing.ts';

interface Repository {
  readonly name: string;
  readonly manifests?: number;
  readonly tags?: number;
  readonly bytes?: number;
  readonly pulls?: number;
  readonly lastPush?: string;
  readonly lastPull?: string;
}

interface Branch {
  readonly name: string;
  readonly kind: string;
}

/** Writes entries of the catalog, without pushes. */
async function fill({ memory }: ReturnType<typeof composeForTest>, names: readonly string[]): Promise<void> {
  const now = '2026-01-01T00:00:00.000Z';
  const documents = names.map((repository) => {
    const life = { state: 'live', generation: repository, announced: true, attributes: everythingEnabled };
    const id = `repository:${repository.replaceAll('/', ':')}`;
    const document = { id, type: 'repository', schemaVersion: 1, registry: 'default', repository, ...life };
    return { ...document, createdAt: now, updatedAt: now };
  });
  for (const some of inBatches(documents, 100))
    await memory.documents.commitDocuments(
      'registries',
      ['default'],
      some.map((document) => ({ do: 'create', document })),
    );
}

/** All names in `/v2/_catalog`, by its links. */
async function catalogOf(app: Parameters<typeof ask>[0]): Promise<string[]> {
  const names: string[] = [];
  let next: string | undefined = '/v2/_catalog?n=1000';
  while (next !== undefined) {
    const answer: Response = await ask(app, 'GET', next);
    names.push(...((await answer.json()) as { repositories: string[] }).repositories);
    next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  return names;
}

const branches = async (app: Parameters<typeof view>[0], path: string) =>
  (await allPages<Branch>(app, path)).flatMap(({ items }) => items.map(({ name }) => name));

describe('the repositories', () => {
  it('page to their end when there are 10,000 of them, and are counted; so does the catalog of clients', async () => {
    const longshore = composeForTest();
    const names = Array.from({ length: 10_000 }, (_, n) => `team-${n % 10}/app-${String(n).padStart(5, '0')}`);
    await fill(longshore, names);
    const pages = await allPages<Repository>(longshore.app, '/repositories?limit=100');
    expect(pages.map(({ total }) => total)).toEqual(Array.from({ length: 100 }, () => 10_000));
    expect(pages.flatMap(({ items }) => items.map(({ name }) => name))).toEqual(names.toSorted());
    expect(await catalogOf(longshore.app)).toEqual(names.toSorted());
    expect((await view<Page<Repository>>(longshore.app, '/repositories?search=0001&limit=3')).total).toBe(11);
    expect(await branches(longshore.app, '/repositories/tree?limit=3')).toEqual(
      Array.from({ length: 10 }, (_, n) => `team-${n}/`),
    );
    expect(await branches(longshore.app, '/repositories/tree?prefix=team-3/&limit=100')).toHaveLength(1_000);
  });

  it('are sorted as a whole by push, pull and size, also when searched, and those without any come last', async () => {
    const longshore = timedLongshore();
    const { app } = longshore;
    const sizes: Readonly<Record<string, number>> = { 'team/a': 2, 'team/b': 4, 'other/c': 1, 'team/d': 3 };
    for (const [name, layers] of Object.entries(sizes)) {
      await pushImage(app, name, 'v1', makeImage(name, layers));
      longshore.passTime(60_000);
    }
    for (const name of ['team/b', 'other/c']) {
      await pull(app, name, 'v1');
      longshore.passTime(60_000);
    }
    await deliverEvents(longshore);
    await foldAll(longshore);
    for (const limit of [1, 2, 3, 100])
      for (const [query, expected] of [
        ['sort=name', ['other/c', 'team/a', 'team/b', 'team/d']],
        ['sort=name&order=desc', ['team/d', 'team/b', 'team/a', 'other/c']],
        ['sort=pushed', ['team/d', 'other/c', 'team/b', 'team/a']],
        ['sort=pulled', ['other/c', 'team/b', 'team/a', 'team/d']],
        ['sort=pulled&order=asc', ['team/b', 'other/c', 'team/a', 'team/d']],
        ['sort=size', ['team/b', 'team/d', 'team/a', 'other/c']],
        ['sort=size&prefix=team/', ['team/b', 'team/d', 'team/a']],
        ['sort=pulled&search=team', ['team/b', 'team/a', 'team/d']],
        ['sort=pushed&search=t*/*', ['team/d', 'team/b', 'team/a']],
      ] as const)
        expect(await namesOf(app, `/repositories?limit=${limit}&${query}`), `${query} ${limit}`).toEqual(expected);
    const { items, total } = await view<Page<Repository>>(app, '/repositories?search=b');
    expect(total).toBe(1);
    expect(items[0]).toMatchObject({ name: 'team/b', manifests: 1, pulls: 1, lastPush: '2026-01-01T00:01:00.000Z' });
    expect(items[0]?.lastPull).toBe('2026-01-01T00:04:00.000Z');
  });

  it('are a tree: a repository and a folder of one name stand beside each other', async () => {
    const longshore = composeForTest();
    await fill(longshore, ['a', 'a/b', 'a/b/c', 'a/d', 'a-b/c', 'a0', 'z/y/x']);
    for (const limit of [1, 2, 100]) {
      expect(await branches(longshore.app, `/repositories/tree?limit=${limit}`)).toEqual([
        'a',
        'a-b/',
        'a/',
        'a0',
        'z/',
      ]);
      expect(await branches(longshore.app, `/repositories/tree?prefix=a/&limit=${limit}`)).toEqual([
        'a/b',
        'a/b/',
        'a/d',
      ]);
    }
  });
});

describe('the overview', () => {
  it('says how much there is, what happened, and what waits for somebody', async () => {
    const longshore = composeForTest();
    const { app } = longshore;
    const image = makeImage('one', 2);
    await pushImage(app, 'team/app', 'v1', image);
    await tag(app, 'team/app', image, 'v2');
    await pull(app, 'team/app', 'v1');
    await deliverEvents(longshore);
    await foldAll(longshore);
    await longshore.timers['usage-survey']();
    const holding = JSON.stringify({ mode: 'enforce', backlog: 'hold' });
    const headers = { 'content-type': 'application/json' };
    await ask(app, 'PUT', '/api/v1/quarantine/policies/wait', { body: holding, headers });
    await longshore.timers['verdicts-judge-due']();
    await ask(app, 'DELETE', '/acr/v1/team/app/_tags/v2');
    const overview = await view<Record<string, unknown> & { activity: { pulls: number; pushes: number }[] }>(
      app,
      '/overview',
    );
    expect(overview).toMatchObject({
      registry: 'default',
      counts: { repositories: 1, tags: 1, manifests: 1, isExact: true },
      bytes: { stored: [image.config, ...image.layers].reduce((sum, { length }) => sum + length, 0) },
      webhooks: { total: 0, failing: [], latest: [] },
      builds: { running: 0, queued: 0, failed: [] },
      purge: { awaitingApproval: [] },
      held: { count: 1 },
      bin: { entries: 1 },
      recentPushes: [{ repository: 'team/app', tag: 'v1', digest: image.digest }],
      unavailable: [],
    });
    expect(overview.activity).toHaveLength(30);
    expect(overview.activity.at(-1)).toMatchObject({ pulls: 1 });
    const [row] = (await view<Page<Repository>>(app, '/repositories')).items;
    expect(row).toMatchObject({ tags: 2, manifests: 1 });
  });

  it('leaves a part out whose store fails, names it, and shows the rest', async () => {
    const calls = new CallPlan();
    const { app } = composeForTest({ connection: { calls } });
    await pushImage(app, 'team/app', 'v1', makeImage('one', 1));
    calls.failOn(({ input }) => JSON.stringify(input).includes('verdict.held'));
    const overview = await view<Record<string, unknown>>(app, '/overview');
    expect(overview).toMatchObject({ unavailable: ['held'], counts: { repositories: 1 } });
    expect(overview).not.toHaveProperty('held');
    calls.failOn(() => true);
    expect((await ask(app, 'GET', '/api/v1/overview')).status).toBe(503);
  });
});
