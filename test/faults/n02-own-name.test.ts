import { describe, expect, it } from 'vitest';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import type { Registry } from '../shared/features/builds/bases/building.ts';
import { build, registry, scriptedRunner, upload } from '../shared/features/builds/bases/building.ts';

/** As the tests' clients ask for it: no setting says that it is this registry's name. */
const asked = 'registry.test';

const hourMs = 3_600_000;

async function basesOf(of: Registry, image: string): Promise<string[]> {
  const { body } = await of.api('GET', `/bases?image=${image}`);
  return (body as { bases: { image: string }[] }).bases.map((each) => each.image).sort();
}

async function buildsIn(of: Registry): Promise<unknown[]> {
  return ((await of.api('GET', '/builds')).body as { items: unknown[] }).items;
}

/** A registry that no setting tells how clients call it, as `npm start`'s. */
async function withTask(): Promise<Registry> {
  const of = registry({}, { isNamed: false, runner: scriptedRunner({ annotates: true }) });
  await of.push(build('team/base', 'base 1'), '1');
  await of.settle();
  const digest = await upload(of, 'team/m', `FROM ${asked}/team/base:1\n`);
  const put = await of.api('PUT', '/tasks/m', { image: 'team/m:1', context: { repository: 'team/m', digest } });
  expect(put.status).toBe(201);
  return of;
}

describe('a registry that no setting tells its own name', () => {
  it('reads what its own runner pushed as built on an image of its own', async () => {
    const of = await withTask();
    await of.api('POST', '/tasks/m/run');
    await of.settle();
    expect(await basesOf(of, 'team/m:1')).toEqual(['team/base:1']);
  });

  it('builds one move of a base once, whenever it looks at other registries', async () => {
    const of = await withTask();
    await of.api('POST', '/tasks/m/run');
    await of.settle();
    await of.push(build('team/base', 'base 2'), '1');
    await of.settle();
    expect(await buildsIn(of)).toHaveLength(2);
    const { documents } = of.process().memory;
    expect(
      (
        await documents.queryDocuments({
          container: 'dependencies',
          where: [{ path: 'type', is: '=', value: 'watched' }],
          limit: 10,
        })
      ).documents,
    ).toEqual([]);
    of.clock.advance(25 * hourMs);
    await of.process().timers['builds-sweep']();
    await of.settle();
    expect(await buildsIn(of)).toHaveLength(2);
  });

  it('does not read by the name of one push what other images name, in either direction', async () => {
    const of = registry({}, { isNamed: false });
    const base = build('library/base', 'base 1');
    await of.push(build('team/app', 'app', { base, says: `${asked}/library/base:1` }), '1');
    await of.push(build('team/other', 'other', { base, says: 'elsewhere.test/library/base:1' }), '1');
    await of.settle();
    await of.push(base, '1');
    await of.settle();
    // Events come in any order, and this one's client has called the registry by another name.
    const { status } = await of.app.fetch(
      new Request('http://elsewhere.test/v2/library/base/manifests/2', {
        method: 'PUT',
        headers: { 'content-type': mediaTypes.ociManifest },
        body: base.bytes as Uint8Array<ArrayBuffer>,
      }),
    );
    expect(status).toBe(201);
    await of.settle();
    expect((await basesOf(of, 'team/app:1')).filter((each) => each.includes('.test'))).toEqual([]);
    expect(await basesOf(of, 'team/other:1')).toContain('elsewhere.test/library/base:1');
  });
});
