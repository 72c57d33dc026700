import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { Admission } from '../../../../shared/core/admission/admission.ts';
import { lockGate } from '../../../../shared/core/admission/locks.ts';
import { everythingEnabled } from '../../../../shared/core/documents/attributes.ts';
import { repositoryRef } from '../../../../shared/core/documents/repository.ts';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import type { RepositoryName } from '../../../../shared/core/oci/name.ts';
import type { Access, Caller } from '../../../../shared/core/ports/authorize.ts';
import { systemRandomIds } from '../../../../shared/core/ports/clock.ts';
import { silentLog } from '../../../../shared/core/ports/log.ts';
import { Coverage } from '../../../../shared/core/verdicts/coverage.ts';
import { respondAcr } from '../../../../shared/features/acr/http.ts';
import { recycleBin } from '../../../../shared/features/recycle-bin/bin.ts';
import { SoftDelete } from '../../../../shared/features/recycle-bin/soft-delete.ts';
import { cancelledUploads } from '../../../../shared/features/registry/cancel-upload.ts';
import { respondCatalog } from '../../../../shared/features/registry/catalog.ts';
import { RepositoryEntries } from '../../../../shared/features/registry/entries.ts';
import { ManifestCache } from '../../../../shared/features/registry/manifest-cache.ts';
import type { PulledTag } from '../../../../shared/features/registry/ports.ts';
import { openPlace, sealPlace } from '../../../../shared/features/registry/sealed-place.ts';
import { SharedReads } from '../../../../shared/features/registry/shared-reads.ts';
import { makeImage, pushImage } from '../../image.ts';
import { oneRegion } from '../../one-region.ts';
import { askJson, everyPage, refusal } from '../acr/asking.ts';

const registry = 'default' as RegistryName;
const uploadKey = Buffer.alloc(32, 'catalog');

/** A world whose catalog holds these names, and its API for one caller. */
async function catalogOf(names: readonly string[], may: (access: Access) => boolean) {
  const world = createMemoryWorld();
  const memory = connectMemory(world);
  for (const [index, name] of names.entries())
    await memory.documents.commitDocuments('registries', [registry], [{ do: 'create', document: entry(name, index) }]);
  const challenge = { scheme: 'Bearer', realm: 'http://registry.test/oauth2/token', service: 'registry.test' } as const;
  const caller: Caller = { actor: 'somebody', challenge, may };
  const admission = new Admission([lockGate]);
  const adapters = {
    ...memory,
    ...oneRegion(memory),
    admission,
    clock: world.clock,
    ids: systemRandomIds,
    log: silentLog,
  };
  const callers = { identify: () => Promise.resolve(caller) };
  const settings = {
    region: 'home',
    blobs: 'redirect' as const,
    uploadKey,
    eventSource: '/longshore',
    graceMs: 3_600_000,
  };
  const entries = new RepositoryEntries(adapters);
  const bin = recycleBin({
    ...adapters,
    settings,
    softDelete: new SoftDelete(adapters),
    openRepository: (key) => entries.open(key),
  });
  const ports = {
    ...adapters,
    bin,
    callers,
    traffic: { countBytes: () => undefined },
    pulls: { countPull: () => undefined },
    entries,
    coverage: new Coverage(adapters),
    manifests: new ManifestCache({ clock: world.clock, maxBytes: 1024 }),
    tagReads: new SharedReads<PulledTag>(),
    cancelled: cancelledUploads(),
    settings,
  };
  const get = async (query: string, headers: Record<string, string> = { authorization: 'Bearer token' }) => {
    memory.calls.resetCounts();
    const response = await respondAcr(
      {
        ...ports,
        judging: { judgeManifest: () => Promise.resolve(undefined) },
        catalog: (who, request) => respondCatalog(ports, registry, who, request),
      },
      registry,
      new Request(`http://registry.test/acr/v1/_catalog${query}`, { headers }),
      'request',
    );
    const body = (await response.json()) as { repositories: string[]; errors?: { code: string; detail: unknown }[] };
    return {
      status: response.status,
      link: response.headers.get('link'),
      body,
      queries: memory.calls.count('documents.query'),
    };
  };
  return { get };
}

function entry(name: string, index: number) {
  const now = new Date(index * 1000).toISOString();
  const { id } = repositoryRef({ registry, repository: name as RepositoryName });
  return {
    id,
    type: 'repository',
    schemaVersion: 1,
    registry,
    repository: name,
    state: 'live',
    generation: String(index),
    announced: true,
    attributes: everythingEnabled,
    createdAt: now,
    updatedAt: now,
  };
}

const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}/${String(index).padStart(5, '0')}`);

describe('the catalog', () => {
  it('holds what was pushed to, in order, on both of its paths, and not what was only uploaded to', async () => {
    const { app } = composeForTest();
    for (const name of ['team/b', 'team-a/z', 'team/a/deep', 'a']) await pushImage(app, name, 'v1', makeImage(name, 1));
    await askJson(app, 'POST', '/v2/never/blobs/uploads/');
    for (const path of ['/v2/_catalog', '/acr/v1/_catalog']) {
      expect((await askJson(app, 'GET', path)).body).toEqual({
        repositories: ['a', 'team-a/z', 'team/a/deep', 'team/b'],
      });
      expect((await everyPage(app, `${path}?n=1`)).map(({ repositories }) => repositories)).toEqual([
        ['a'],
        ['team-a/z'],
        ['team/a/deep'],
        ['team/b'],
      ]);
    }
  });

  it('has no entry after a push that was refused', async () => {
    const { app } = composeForTest();
    expect(await refusal(app, 'PUT', '/v2/a/b/manifests/v1', { schemaVersion: 2 })).toEqual([400, 'MANIFEST_INVALID']);
    expect((await askJson(app, 'GET', '/v2/_catalog')).body.repositories).toEqual([]);
  });

  it('starts behind last, whether that exists or not, and gives nothing for n=0', async () => {
    const { get } = await catalogOf(['a', 'c', 'e'], () => true);
    expect((await get('?last=b')).body.repositories).toEqual(['c', 'e']);
    expect((await get('?last=c&n=')).body.repositories).toEqual(['e']);
    expect(await get('?n=0')).toMatchObject({ status: 200, link: null, body: { repositories: [] } });
  });

  it('shows a caller what it may see in lists', async () => {
    const may = (access: Access) =>
      access.type === 'listing' && (access.name.startsWith('mine/') || access.name === 'shared/x');
    const { get } = await catalogOf(['mine/a', 'other/b', 'shared/x', 'shared/y'], may);
    expect((await get('')).body.repositories).toEqual(['mine/a', 'shared/x']);
  });

  it('asks who shows no credentials for them, with the scope of the whole', async () => {
    const { get } = await catalogOf(['open/a'], (access) => access.type === 'listing');
    const refused = await get('', {});
    expect([refused.status, refused.body.errors?.[0]?.code, refused.body.errors?.[0]?.detail]).toEqual([
      401,
      'UNAUTHORIZED',
      [{ Type: 'registry', Name: 'catalog', Action: '*' }],
    ]);
  });

  it('fills a page although others lie between, in one query where they are few', async () => {
    const names = numbered('x', 300).map((name, index) => (index % 3 === 0 ? `${name}/mine` : name));
    const { get } = await catalogOf(names, (access) => access.type === 'listing' && access.name.endsWith('/mine'));
    const page = await get('?n=20');
    expect([page.body.repositories.length, page.queries]).toEqual([20, 1]);
  });

  it('does bounded work for a caller that may see little, and then goes on behind a place that tells no name', async () => {
    const { get } = await catalogOf(
      [...numbered('hidden', 1_500), 'mine/a'],
      (access) => access.type === 'listing' && access.name.startsWith('mine/'),
    );
    const first = await get('?n=10');
    expect(first).toMatchObject({ status: 200, queries: 10, body: { repositories: [] } });
    const [, last = ''] = /last=([^&]+)&n=10>; rel="next"/.exec(first.link ?? '') ?? [];
    expect(Buffer.from(decodeURIComponent(last).slice(1), 'base64url').toString('latin1')).not.toContain('hidden');
    expect((await get(`?n=10&last=${last}`)).body.repositories).toEqual(['mine/a']);
  });
});

describe('a sealed place', () => {
  it('is opened by its key alone, and not when it was changed', () => {
    const sealed = sealPlace('team/app', uploadKey);
    expect(openPlace(sealed, uploadKey)).toBe('team/app');
    expect(openPlace(sealed, Buffer.alloc(32, 'another'))).toBeUndefined();
    expect(openPlace(`${sealed.slice(0, -1)}${sealed.endsWith('A') ? 'B' : 'A'}`, uploadKey)).toBeUndefined();
    expect(openPlace('team/app', uploadKey)).toBe('team/app');
  });
});
