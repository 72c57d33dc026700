import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { App } from '../../shared/app/app.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { approve, planOf, policed, putPolicy, tagsOf } from '../shared/features/purge/policed.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';
import { json } from './manifests.ts';

const repository = 'team/app';
const hex = ({ digest }: { digest: string }) => digest.slice('sha256:'.length);
const namesOf = (name: string) => [
  name,
  `${name}.sig`,
  `${name}.att`,
  `${name}.sbom`,
  `${name}.0123456789abcdef.sbom`,
  `${name}.sig2`,
  `rel-${name}.sig`,
  `relsha.${name}.a-b_c`,
];

async function tagsIn(app: App): Promise<string[]> {
  return ((await (await ask(app, 'GET', `/v2/${repository}/tags/list`)).json()) as { tags: string[] }).tags;
}

async function pushAbout(app: App, name: string): Promise<string[]> {
  const names = namesOf(name);
  for (const each of names) await pushImage(app, repository, each, makeImage(each));
  return names;
}

describe('what names a live image by its tag', () => {
  it('is never taken, whatever ending or prefix its name has', async () => {
    const longshore = policed();
    const image = makeImage('signed');
    await pushImage(longshore.app, repository, 'keep', image);
    await pushAbout(longshore.app, `sha256-${hex(image)}`);
    await longshore.deliver();
    longshore.passDays(40);
    await putPolicy(longshore.app, {
      remove: [{ name: 'all', olderThanDays: 7 }],
      keep: [{ name: 'keep', tags: ['keep'] }],
      brakePercent: 100,
    });
    expect((await planOf(longshore.app)).items).toEqual([]);
  });

  it('is never taken when it is known by the first 64 digits of a sha512', async () => {
    const longshore = policed();
    const image = makeImage('long digest');
    await pushImage(longshore.app, repository, 'other', image);
    const digest = `sha512:${createHash('sha512').update(image.bytes).digest('hex')}`;
    const put = await ask(longshore.app, 'PUT', `/v2/${repository}/manifests/${digest}?tag=keep`, {
      body: image.bytes,
      headers: { 'content-type': mediaTypes.ociManifest },
    });
    expect(put.status).toBe(201);
    await pushAbout(longshore.app, digest.replace(':', '-').slice(0, 7 + 64));
    await longshore.deliver();
    longshore.passDays(40);
    await putPolicy(longshore.app, {
      remove: [{ name: 'all', olderThanDays: 7 }],
      keep: [{ name: 'keep', tags: ['keep', 'other'] }],
      brakePercent: 100,
    });
    expect((await planOf(longshore.app)).items).toEqual([]);
  });
});

describe('an image that a policy takes', () => {
  it('takes along what its names are about, as the plan says, and brings it back when it is restored', async () => {
    const longshore = policed();
    const { app } = longshore;
    const [image, later] = [makeImage('old'), makeImage('later')];
    await pushImage(app, repository, 'v1', image);
    const names = await pushAbout(app, `sha256-${hex(image)}`);
    await pushImage(app, repository, 'v1', later);
    await longshore.deliver();
    longshore.passDays(40);
    await putPolicy(app, { remove: [{ name: 'untagged', untaggedDays: 7 }], brakePercent: 100 });
    await planOf(app);
    longshore.passDays(10);
    const plan = await planOf(app);
    expect(plan.manifests).toBe(1 + names.length);
    expect((await approve(app, plan)).status).toBe(200);
    expect(await tagsIn(app)).toEqual(['v1']);
    expect((await json(app, 'POST', '/api/v1/bin/restore', { repository, digest: image.digest })).status).toBe(200);
    expect(await tagsIn(app)).toEqual([...names, 'v1'].sort());
  });

  it('leaves a signature that has a tag of its own, is locked, or is about another image too', async () => {
    const longshore = policed();
    const { app } = longshore;
    const [one, other] = [makeImage('one'), makeImage('other')];
    const [own, locked, shared] = [makeImage('own'), makeImage('locked'), makeImage('shared')];
    await pushImage(app, repository, 'one', one);
    await pushImage(app, repository, 'other', other);
    await pushImage(app, repository, `sha256-${hex(one)}.own`, own);
    await pushImage(app, repository, 'named', own);
    await pushImage(app, repository, `sha256-${hex(one)}.locked`, locked);
    await pushImage(app, repository, `sha256-${hex(one)}.shared`, shared);
    await pushImage(app, repository, `sha256-${hex(other)}.shared`, shared);
    await json(app, 'PATCH', `/acr/v1/${repository}/_manifests/${locked.digest}`, { deleteEnabled: false });
    expect((await ask(app, 'DELETE', `/v2/${repository}/manifests/${one.digest}`)).status).toBe(202);
    expect(await tagsIn(app)).toEqual(
      [
        `sha256-${hex(one)}.locked`,
        `sha256-${hex(one)}.own`,
        `sha256-${hex(one)}.shared`,
        `sha256-${hex(other)}.shared`,
        'named',
        'other',
      ].sort(),
    );
  });

  it('has its signature come back with a push too, and leaves in the bin what somebody deleted by its own name', async () => {
    const { app } = policed();
    const image = makeImage('pushed again');
    await pushImage(app, repository, 'v1', image);
    await pushImage(app, repository, `sha256-${hex(image)}.sig`, makeImage('its signature'));
    await pushImage(app, repository, `sha256-${hex(image)}.att`, makeImage('its attestation'));
    await ask(app, 'DELETE', `/v2/${repository}/manifests/sha256-${hex(image)}.att`);
    await ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`);
    expect((await ask(app, 'GET', `/v2/${repository}/manifests/sha256-${hex(image)}.sig`)).status).toBe(404);
    await pushImage(app, repository, 'v1', image);
    expect(await tagsIn(app)).toEqual([`sha256-${hex(image)}.sig`, 'v1']);
  });
});

describe('a tag that only looks like a signature', () => {
  it('is an image as any other', async () => {
    const longshore = policed();
    for (const tag of [
      `sha256-${'a'.repeat(63)}`,
      `sha256-${'a'.repeat(65)}`,
      `sha256-${'A'.repeat(64)}.sig`,
      `sha256-${'a'.repeat(64)}-sig`,
      'sha256.sig',
    ])
      await pushImage(longshore.app, repository, tag, makeImage(tag));
    await longshore.deliver();
    longshore.passDays(40);
    await putPolicy(longshore.app, { remove: [{ name: 'all', olderThanDays: 7 }], brakePercent: 100 });
    expect(tagsOf(await planOf(longshore.app))).toHaveLength(5);
  });
});
