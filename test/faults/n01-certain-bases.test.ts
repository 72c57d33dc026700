import { describe, expect, it } from 'vitest';
import type { Built, Registry } from '../shared/features/builds/bases/building.ts';
import { build, dependentsOf, host, registry, upload } from '../shared/features/builds/bases/building.ts';

/** Two images of other repositories with the same bytes, and one that is built on the first. */
async function withTwins(app: (base: Built) => Built): Promise<Registry> {
  const of = registry();
  const base = build('team/base', 'base 1');
  await of.push(base, '1');
  await of.push({ ...base, repository: 'other/web' }, 'main');
  await of.settle();
  await of.push(app(base), '1');
  await of.settle();
  return of;
}

async function moved(of: Registry): Promise<unknown> {
  await of.push(build('other/web', 'web 2'), 'main');
  await of.settle();
  return ((await of.api('GET', '/builds')).body as { items: unknown[] }).items;
}

describe('an image whose base is known for certain', () => {
  it('is not built anew for another image with the same layers, where its task says what it is built on', async () => {
    const of = await withTwins((base) => build('team/m', 'm', { base }));
    const digest = await upload(of, 'team/m', `FROM ${host}/team/base:1\n`);
    expect(
      (await of.api('PUT', '/tasks/m', { image: 'team/m:1', context: { repository: 'team/m', digest } })).status,
    ).toBeOneOf([200, 201]);
    await of.settle();
    expect(await dependentsOf(of, 'team/base:1')).toEqual(['team/m:1']);
    expect(await dependentsOf(of, 'other/web:main')).toEqual([]);
    expect(await moved(of)).toEqual([]);
  });

  it('is not rebased onto one either, where its annotation says it', async () => {
    const of = await withTwins((base) => build('team/m', 'm', { base, says: `${host}/team/base:1` }));
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    expect(await dependentsOf(of, 'team/base:1')).toEqual(['team/m:1']);
    expect(await dependentsOf(of, 'other/web:main')).toEqual([]);
    expect(await moved(of)).toEqual([]);
  });

  it('is not rebased onto one when its annotation names another registry', async () => {
    const of = await withTwins((base) => build('team/m', 'm', { base, says: 'docker.io/library/alpine:3' }));
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    expect(await dependentsOf(of, 'other/web:main')).toEqual([]);
    expect(await moved(of)).toEqual([]);
  });

  it('follows the image whose layers it has where only a label says something else, for labels are inherited', async () => {
    const of = await withTwins((base) =>
      build('team/m', 'm', {
        base,
        config: { Labels: { 'org.opencontainers.image.base.name': 'docker.io/library/alpine:3' } },
      }),
    );
    expect(await dependentsOf(of, 'team/base:1')).toEqual(['team/m:1']);
  });

  it('follows one of the twins alone where its label names that', async () => {
    const of = await withTwins((base) =>
      build('team/m', 'm', {
        base,
        config: { Labels: { 'org.opencontainers.image.base.name': `${host}/team/base:1` } },
      }),
    );
    expect(await dependentsOf(of, 'team/base:1')).toEqual(['team/m:1']);
    expect(await dependentsOf(of, 'other/web:main')).toEqual([]);
  });
});
