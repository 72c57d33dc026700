import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { naturalKey } from '../../../../shared/core/documents/tag-row.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../../shared/core/oci/media-types.ts';
import type { TestImage } from '../../image.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { naming, timedLongshore } from '../recycle-bin/binned.ts';
import { foldAll } from '../usage/counting.ts';
import type { Page, Row } from './viewing.ts';
import { allPages, namesOf, pull, send, tag, view } from './viewing.ts';

const repository = 'team/app';
const tags = `/repositories/tags?repository=${repository}`;

/** An index with platforms, as docker and BuildKit write them. */
function indexOf(entries: readonly (readonly [TestImage, os: string, architecture: string, variant?: string])[]) {
  const manifests = entries.map(([{ mediaType, digest, bytes }, os, architecture, variant]) => ({
    mediaType,
    digest,
    size: bytes.length,
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  return { bytes, digest: digestOf(bytes), mediaType: mediaTypes.ociIndex, config: bytes, layers: [] };
}

const pulledBytes = ({ config, layers }: TestImage) => [config, ...layers].reduce((sum, { length }) => sum + length, 0);

async function pushMultiArch(app: Parameters<typeof pushImage>[0]) {
  const [amd, arm, attestation] = [makeImage('amd64', 2), makeImage('arm64', 3), makeImage('attestation', 1)];
  for (const image of [amd, arm, attestation]) await pushImage(app, repository, image.digest, image);
  const index = indexOf([
    [amd, 'linux', 'amd64'],
    [arm, 'linux', 'arm64', 'v8'],
    [attestation, 'unknown', 'unknown'],
  ]);
  await tag(app, repository, index, 'multi');
  return { index, amd, arm, attestation };
}

describe('the tags of a repository', () => {
  it('stand in natural order, on every page and across pages, in both directions', async () => {
    const { app } = composeForTest();
    const image = makeImage('one');
    const names = [
      '6.0.9',
      '6.0.10',
      '6.0.10-rc1',
      '10.1',
      'latest',
      'V2',
      'v1',
      'v10',
      'v9',
      'v09',
      '007',
      '7',
      'sha-1',
    ];
    await pushImage(app, repository, names[0] ?? '', image);
    await tag(app, repository, image, ...names.slice(1).toReversed());
    const natural = [
      '6.0.9',
      '6.0.10',
      '6.0.10-rc1',
      '007',
      '7',
      '10.1',
      'latest',
      'sha-1',
      'v1',
      'V2',
      'v09',
      'v9',
      'v10',
    ];
    for (const limit of [1, 2, 5, 100]) {
      expect(await namesOf(app, `${tags}&limit=${limit}`)).toEqual(natural);
      expect(await namesOf(app, `${tags}&limit=${limit}&order=desc`)).toEqual(natural.toReversed());
    }
    expect(natural.map(naturalKey).toSorted()).toEqual(natural.map(naturalKey));
  });

  it('are sorted as a whole and not by page: by push, by size and by pull, and what was never pulled comes last', async () => {
    const longshore = timedLongshore();
    const { app } = longshore;
    const sizes = [3, 1, 4, 2, 5];
    for (const layers of sizes) {
      await pushImage(app, repository, `v${layers}`, makeImage(`image ${layers}`, layers));
      longshore.passTime(60_000);
    }
    for (const name of ['v4', 'v1', 'v4']) {
      await pull(app, repository, name);
      longshore.passTime(60_000);
    }
    await foldAll(longshore);
    const byPush = sizes.map((layers) => `v${layers}`);
    for (const limit of [1, 2, 3, 100]) {
      const page = `${tags}&limit=${limit}`;
      expect(await namesOf(app, `${page}&sort=pushed&order=asc`)).toEqual(byPush);
      expect(await namesOf(app, `${page}&sort=pushed`)).toEqual(byPush.toReversed());
      expect(await namesOf(app, `${page}&sort=size`)).toEqual(['v5', 'v4', 'v3', 'v2', 'v1']);
      expect(await namesOf(app, `${page}&sort=size&order=asc`)).toEqual(['v1', 'v2', 'v3', 'v4', 'v5']);
      expect(await namesOf(app, `${page}&sort=pulled`)).toEqual(['v4', 'v1', 'v2', 'v3', 'v5']);
      expect(await namesOf(app, `${page}&sort=pulled&order=asc`)).toEqual(['v1', 'v4', 'v2', 'v3', 'v5']);
    }
    const rows = (await view<Page<Row>>(app, tags)).items;
    expect(rows.map(({ name, pulls30d }) => [name, pulls30d])).toEqual([
      ['v1', 1],
      ['v2', 0],
      ['v3', 0],
      ['v4', 2],
      ['v5', 0],
    ]);
    expect(rows[3]?.lastPull).toBe('2026-01-01T00:07:00.000Z');
    expect(rows[1]).not.toHaveProperty('lastPull');
  });

  it('are counted as a whole, and a search counts what matches', async () => {
    const { app } = composeForTest();
    const image = makeImage('one');
    await pushImage(app, repository, 'v1.0', image);
    await tag(app, repository, image, 'v1.1', 'v1.10', 'v1', 'v2.0', 'pr-1', 'pr-12-rc', 'latest');
    for (const [search, found] of [
      ['', ['latest', 'pr-1', 'pr-12-rc', 'v1', 'v1.0', 'v1.1', 'v1.10', 'v2.0']],
      ['v1', ['v1', 'v1.0', 'v1.1', 'v1.10']],
      ['v1.1', ['v1.1', 'v1.10']],
      ['v*', ['v1', 'v1.0', 'v1.1', 'v1.10', 'v2.0']],
      ['*0', ['v1.0', 'v1.10', 'v2.0']],
      ['pr-*-rc', ['pr-12-rc']],
      ['p*1*', ['pr-1', 'pr-12-rc']],
      ['nothing', []],
    ] as const) {
      for (const sort of ['name', 'pulled']) {
        const pages = await allPages<Row>(app, `${tags}&limit=2&sort=${sort}&search=${encodeURIComponent(search)}`);
        expect(pages.flatMap(({ items }) => items.map(({ name }) => name))).toEqual(found);
        if (sort === 'name') expect(new Set(pages.map(({ total }) => total))).toEqual(new Set([found.length]));
      }
    }
  });

  it('answer a pattern of many stars in the time that its length takes', async () => {
    const { app } = composeForTest();
    const image = makeImage('one');
    await pushImage(app, repository, 'a'.repeat(128), image);
    const started = performance.now();
    const page = await view<Page<Row>>(app, `${tags}&search=${encodeURIComponent(`${'a*'.repeat(60)}b`)}`);
    expect(page.items).toEqual([]);
    // A pattern that backtracks would take longer than the universe is old.
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('have as their size the sum of the platforms of an index, each platform shown, and attestations are none', async () => {
    const { app } = composeForTest();
    const { index, amd, arm } = await pushMultiArch(app);
    const [row] = (await view<Page<Row>>(app, tags)).items;
    expect(row).toMatchObject({
      name: 'multi',
      digest: index.digest,
      mediaType: mediaTypes.ociIndex,
      bytes: pulledBytes(amd) + pulledBytes(arm),
      platforms: [
        { os: 'linux', architecture: 'amd64', digest: amd.digest, bytes: pulledBytes(amd) },
        { os: 'linux', architecture: 'arm64', variant: 'v8', digest: arm.digest, bytes: pulledBytes(arm) },
      ],
      attestations: 1,
      badges: { attested: true, signed: false, sbom: false, locked: false, held: false },
    });
    expect(JSON.stringify(row)).not.toContain('unknown');
  });

  it('show the badges of the images that an index lists, by referrers and by tags of signers', async () => {
    const { app } = composeForTest();
    const { index, amd } = await pushMultiArch(app);
    const sbom = makeImage('sbom', 0, { artifactType: 'application/spdx+json', ...naming(amd) });
    await pushImage(app, repository, sbom.digest, sbom);
    const badges = async (name: string) =>
      (await view<Page<Row>>(app, tags)).items.find((row) => row.name === name)?.badges;
    expect(await badges('multi')).toMatchObject({ sbom: true, signed: false });
    await pushImage(app, repository, `${amd.digest.replace(':', '-')}.sig`, makeImage('signature', 1));
    expect(await badges('multi')).toMatchObject({ sbom: true, signed: true });
    const patch = (path: string, body: object) =>
      ask(app, 'PATCH', `/acr/v1/${repository}/${path}`, { body: JSON.stringify(body) });
    await patch(`_manifests/${index.digest}`, { quarantineState: 'Quarantined' });
    expect(await badges('multi')).toMatchObject({ quarantine: 'Quarantined', locked: false });
    await patch(`_manifests/${index.digest}`, { deleteEnabled: false });
    expect(await badges('multi')).toMatchObject({ locked: true });
    await patch(`_manifests/${index.digest}`, { deleteEnabled: true });
    await patch('_tags/multi', { writeEnabled: false });
    expect(await badges('multi')).toMatchObject({ locked: true });
  });

  it('say which of them a policy holds', async () => {
    const { app } = composeForTest();
    await pushImage(app, repository, 'open', makeImage('open'));
    const body = JSON.stringify({ mode: 'enforce', repositories: { include: [repository] } });
    const headers = { 'content-type': 'application/json' };
    await ask(app, 'PUT', '/api/v1/quarantine/policies/wait', { body, headers });
    await pushImage(app, repository, 'held', makeImage('held'));
    const { items } = await view<Page<Row & { badges: { held: boolean } }>>(app, tags);
    expect(items.map(({ name, badges }) => [name, badges.held])).toEqual([
      ['held', true],
      ['open', false],
    ]);
  });

  it('name ten aliases of a digest with 200 tags and count them all', async () => {
    const { app } = composeForTest();
    const image = makeImage('popular');
    const names = Array.from({ length: 200 }, (_, n) => `t${n}`);
    await pushImage(app, repository, 't0', image);
    await tag(app, repository, image, ...names.slice(1));
    await pushImage(app, repository, 'alone', makeImage('alone'));
    const pages = await allPages<Row>(app, `${tags}&limit=100`);
    const rows = pages.flatMap(({ items }) => items);
    expect(rows.map(({ name }) => name)).toEqual(['alone', ...names]);
    for (const { name, aliases, aliasCount } of rows) {
      expect(aliases).toHaveLength(name === 'alone' ? 0 : 10);
      expect(aliasCount).toBe(name === 'alone' ? 0 : 199);
      expect(aliases).not.toContain(name);
    }
  });

  it('cost three queries and a count a page, whatever they are sorted by', async () => {
    const calls = new CallPlan();
    const longshore = composeForTest({ connection: { calls } });
    const { app } = longshore;
    const image = makeImage('one');
    await pushImage(app, repository, 't0', image);
    await tag(app, repository, image, ...Array.from({ length: 30 }, (_, n) => `t${n + 1}`));
    await pushImage(app, repository, 'other', makeImage('other'));
    for (const event of longshore.world.region().events.log) await longshore.events['purge-touched'](event);
    for (const name of ['t3', 't4', 't5']) await pull(app, repository, name);
    await foldAll(longshore);
    // The policies are read once for all pages, where one of them has marked a manifest.
    await view(app, tags);
    for (const sort of ['name', 'pushed', 'size', 'pulled']) {
      let next: string | undefined = `${tags}&limit=2&sort=${sort}`;
      for (let page = 0; next !== undefined && page < 4; page++) {
        calls.resetCounts();
        const { nextLink, items }: Page<Row> = await view(app, next);
        expect(items.length).toBeGreaterThan(0);
        expect(calls.count('documents.query'), `${sort} ${page}`).toBeLessThanOrEqual(3);
        expect(calls.count('documents.count')).toBe(1);
        expect(calls.total()).toBeLessThanOrEqual(5);
        next = nextLink;
      }
    }
  });

  it('appear, with all there is to say of them, when they were pushed by a version without rows; and a walk sorts them', async () => {
    const longshore = composeForTest();
    const { app, memory } = longshore;
    const { index, amd, arm } = await pushMultiArch(app);
    await pushImage(app, repository, 'v9', makeImage('nine', 1));
    await tag(app, repository, makeImage('nine', 1), 'v10');
    await makeOld(longshore, repository);
    const rows = (await view<Page<Row>>(app, tags)).items;
    expect(rows.map(({ name }) => name)).toEqual(['multi', 'v10', 'v9']);
    expect(rows[0]).toMatchObject({ mediaType: mediaTypes.ociIndex, digest: index.digest, attestations: 1 });
    expect(await namesOf(app, `${tags}&sort=size&limit=1`)).toHaveLength(3);
    await longshore.timers['views-work']();
    expect(await namesOf(app, `${tags}&limit=1`)).toEqual(['multi', 'v9', 'v10']);
    const [row] = (await view<Page<Row>>(app, tags)).items;
    expect(row).toMatchObject({ bytes: pulledBytes(amd) + pulledBytes(arm) });
    expect((await namesOf(app, `${tags}&sort=size`)).at(0)).toBe('multi');
    const entry = await memory.documents.readDocument({
      container: 'registries',
      partition: ['default'],
      id: 'repository:team:app',
    });
    expect(entry?.document.placed).toBe(true);
  });

  it('have their places again after they were deleted and restored, also those of an older version', async () => {
    const longshore = composeForTest();
    const { app } = longshore;
    const image = makeImage('one');
    await pushImage(app, repository, 'v9', image);
    await tag(app, repository, image, 'v10', 'v11');
    await makeOld(longshore, repository, ['v10']);
    expect((await ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`)).status).toBe(202);
    expect(await namesOf(app, tags)).toEqual([]);
    await send(app, '/bin/restore', { repository, digest: image.digest });
    expect(await namesOf(app, tags)).toEqual(['v9', 'v10', 'v11']);
    expect(await namesOf(app, `${tags}&sort=size`)).toHaveLength(3);
  });

  it('take no place of another list, nor one that was made up', async () => {
    const { app } = composeForTest();
    const image = makeImage('one');
    await pushImage(app, repository, 'a', image);
    await tag(app, repository, image, 'b', 'c');
    await pushImage(app, 'team/other', 'a', image);
    await tag(app, 'team/other', image, 'b', 'c');
    const { nextLink = '' } = await view<Page<Row>>(app, `${tags}&limit=1`);
    const place = new URLSearchParams(nextLink.split('?')[1]).get('continuation') ?? '';
    for (const path of [
      '/repositories/tags?repository=team/other&limit=1',
      `${tags}&limit=1&sort=pushed`,
      `${tags}&limit=1&search=a`,
      `${tags}&limit=1&order=desc`,
      '/repositories?limit=1',
      `/repositories/manifests?repository=${repository}`,
    ])
      expect((await ask(app, 'GET', `/api/v1${path}&continuation=${place}`)).status, path).toBe(400);
    expect((await ask(app, 'GET', `/api/v1${tags}&limit=1&continuation=${place}`)).status).toBe(200);
  });

  it('of a repository that is not there are none, and the answer says where to look', async () => {
    const { app } = composeForTest();
    const answer = await ask(app, 'GET', '/api/v1/repositories/tags?repository=team/none');
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('repositoryNotFound');
  });

  it('page on when the tag that a page ended with is gone', async () => {
    const { app } = composeForTest();
    const image = makeImage('one');
    await pushImage(app, repository, 'a', image);
    await tag(app, repository, image, 'b', 'c', 'd');
    const { nextLink = '' } = await view<Page<Row>>(app, `${tags}&limit=2`);
    await ask(app, 'DELETE', `/acr/v1/${repository}/_tags/b`);
    expect((await view<Page<Row>>(app, nextLink)).items.map(({ name }) => name)).toEqual(['c', 'd']);
  });
});

/** Takes from tags what versions before this one did not write. */
async function makeOld({ memory }: ReturnType<typeof composeForTest>, of: string, only?: readonly string[]) {
  const partition = ['default', of];
  const { documents } = await memory.documents.queryDocuments({
    container: 'repositories',
    partition,
    where: [{ path: 'type', is: '=', value: 'tag' }],
    limit: 100,
  });
  for (const { document } of documents) {
    if (only?.includes(String(document.name)) === false) continue;
    const { row: _, byName: __, bySize: ___, ...old } = document;
    await memory.documents.commitDocuments('repositories', partition, [{ do: 'replace', document: old }]);
  }
  if (only !== undefined) return;
  const ref = { container: 'registries' as const, partition: ['default'], id: `repository:${of.replace('/', ':')}` };
  const entry = await memory.documents.readDocument(ref);
  const { placed: _, ...old } = entry?.document ?? { id: ref.id };
  await memory.documents.commitDocuments('registries', ['default'], [{ do: 'replace', document: old }]);
}
