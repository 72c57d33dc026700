import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { entryFreshness } from '../../../../shared/features/registry/entries.ts';
import { ask, makeImage, pushImage, putManifest } from '../../image.ts';
import { askJson, refusal } from './asking.ts';

const image = makeImage('locked', 1);
const other = makeImage('other', 1);
const disallowed = [405, 'REGISTRY_DISALLOWED_OPERATION'];
const [onRepository, onTag, onManifest] = [
  '/acr/v1/a/b',
  '/acr/v1/a/b/_tags/v1',
  `/acr/v1/a/b/_manifests/${image.digest}`,
];

/** `v1` points at the image, the other one is there without a tag. */
async function pushed() {
  const longshore = composeForTest();
  await pushImage(longshore.app, 'a/b', 'v1', image);
  await pushImage(longshore.app, 'a/b', other.digest, other);
  return longshore;
}

async function pushAgain(
  app: Parameters<typeof ask>[0],
  reference: string,
  what = image,
): Promise<[number, string | undefined]> {
  const response = await putManifest(app, 'a/b', reference, what);
  return [
    response.status,
    response.status < 400 ? undefined : ((await response.json()) as { errors: { code: string }[] }).errors[0]?.code,
  ];
}

describe('an attribute', () => {
  it('is changed alone, and the answer shows all of them', async () => {
    const { app } = await pushed();
    for (const path of [onRepository, onTag, onManifest]) {
      const { status, body } = await askJson(app, 'PATCH', path, { writeEnabled: false, teleportEnabled: true });
      const attributes =
        (body.changeableAttributes as unknown) ??
        (body.tag as unknown as typeof body | undefined)?.changeableAttributes ??
        (body.manifest as unknown as typeof body).changeableAttributes;
      expect([status, attributes]).toEqual([
        200,
        { deleteEnabled: true, writeEnabled: false, listEnabled: true, readEnabled: true },
      ]);
      expect((await askJson(app, 'GET', path)).body).toEqual(body);
    }
  });

  it('of a tag is none of its manifest, and the other way round', async () => {
    const { app } = await pushed();
    await askJson(app, 'PATCH', onTag, { deleteEnabled: false });
    expect((await askJson(app, 'GET', onManifest)).body.manifest.changeableAttributes.deleteEnabled).toBe(true);
    await askJson(app, 'PATCH', onManifest, { readEnabled: false });
    expect((await askJson(app, 'GET', onTag)).body.tag.changeableAttributes.readEnabled).toBe(true);
  });

  it('survives a push of the same tag and manifest, and moves no time', async () => {
    const { app } = await pushed();
    const before = (await askJson(app, 'GET', onTag)).body.tag.lastUpdateTime;
    expect((await askJson(app, 'PATCH', onTag, { deleteEnabled: false })).body.tag.lastUpdateTime).toBe(before);
    await askJson(app, 'PATCH', onManifest, {
      deleteEnabled: false,
      quarantineState: 'Passed',
      quarantineDetails: '{}',
    });
    expect(await pushAgain(app, 'v1')).toEqual([201, undefined]);
    expect((await askJson(app, 'GET', onTag)).body.tag.changeableAttributes.deleteEnabled).toBe(false);
    const { changeableAttributes } = (await askJson(app, 'GET', onManifest)).body.manifest;
    expect(changeableAttributes).toEqual({
      deleteEnabled: false,
      writeEnabled: true,
      listEnabled: true,
      readEnabled: true,
      quarantineState: 'Passed',
      quarantineDetails: '{}',
    });
  });

  it.each(['tag', 'manifest'])('of a %s is not lost when a push comes in between, nor is the push', async (what) => {
    const { app, world } = await pushed();
    const calls = new CallPlan();
    let raced = false;
    // Another instance pushes between this one's read and its write.
    calls.delay(async ({ name }) => {
      if (name !== 'documents.commit' || raced) return;
      raced = true;
      expect((await putManifest(app, 'a/b', 'v1', image)).status).toBe(201);
    });
    const slow = composeForTest({ world, connection: { calls } });
    const path = what === 'tag' ? onTag : onManifest;
    expect((await askJson(slow.app, 'PATCH', path, { deleteEnabled: false })).status).toBe(200);
    const found = (await askJson(app, 'GET', path)).body;
    expect((what === 'tag' ? found.tag : found.manifest).changeableAttributes.deleteEnabled).toBe(false);
    expect(calls.count('documents.commit')).toBe(2);
  });
});

describe('writeEnabled false', () => {
  it.each([
    ['repository', onRepository],
    ['tag', onTag],
    ['manifest', onManifest],
  ])('of the %s refuses to push and to delete', async (_, path) => {
    const { app } = await pushed();
    await askJson(app, 'PATCH', path, { writeEnabled: false });
    expect(await pushAgain(app, 'v1')).toEqual(disallowed);
    expect(await refusal(app, 'DELETE', `/v2/a/b/manifests/${image.digest}`)).toEqual(disallowed);
    expect(await refusal(app, 'DELETE', '/acr/v1/a/b')).toEqual(disallowed);
    expect((await ask(app, 'GET', '/v2/a/b/manifests/v1')).status).toBe(200);
    await askJson(app, 'PATCH', path, { writeEnabled: true });
    expect(await pushAgain(app, 'v1')).toEqual([201, undefined]);
  });

  it('of a tag refuses to move or delete it, and lets others be', async () => {
    const { app } = await pushed();
    await askJson(app, 'PATCH', onTag, { writeEnabled: false });
    expect(await pushAgain(app, 'v1', other)).toEqual(disallowed);
    expect(await refusal(app, 'DELETE', '/v2/a/b/manifests/v1')).toEqual(disallowed);
    expect(await refusal(app, 'DELETE', onTag)).toEqual(disallowed);
    expect(await pushAgain(app, 'v2')).toEqual([201, undefined]);
  });

  it('of a manifest refuses it a further tag, and lets its tags go', async () => {
    const { app } = await pushed();
    await askJson(app, 'PATCH', onManifest, { writeEnabled: false });
    expect(await pushAgain(app, 'v2')).toEqual(disallowed);
    expect(await pushAgain(app, 'v1', other)).toEqual([201, undefined]);
  });

  it("is told with ACR's sentence, and which attribute it is", async () => {
    const { app } = await pushed();
    await askJson(app, 'PATCH', onTag, { writeEnabled: false });
    const { errors } = (await askJson(app, 'DELETE', onTag)).body;
    const message = 'The operation is disallowed on this registry, repository or image.';
    expect(errors).toEqual([
      { code: 'REGISTRY_DISALLOWED_OPERATION', message, detail: { what: 'tag v1', attribute: 'writeEnabled' } },
    ]);
  });
});

describe('deleteEnabled false', () => {
  it.each([
    ['repository', onRepository],
    ['tag', onTag],
    ['manifest', onManifest],
  ])('of the %s refuses to delete the manifest and the repository, and takes pushes', async (_, path) => {
    const { app } = await pushed();
    await askJson(app, 'PATCH', path, { deleteEnabled: false });
    expect(await refusal(app, 'DELETE', `/v2/a/b/manifests/${image.digest}`)).toEqual(disallowed);
    expect(await refusal(app, 'DELETE', '/acr/v1/a/b')).toEqual(disallowed);
    expect((await askJson(app, 'GET', '/acr/v1/a/b')).body.manifestCount).toBe(2);
    expect(await pushAgain(app, 'v1')).toEqual([201, undefined]);
  });
});

describe('readEnabled false', () => {
  it('of the repository refuses every pull', async () => {
    const { app } = await pushed();
    await askJson(app, 'PATCH', onRepository, { readEnabled: false });
    for (const path of ['manifests/v1', `manifests/${image.digest}`])
      expect(await refusal(app, 'GET', `/v2/a/b/${path}`)).toEqual(disallowed);
    const manifest = JSON.parse(Buffer.from(image.bytes).toString()) as { config: { digest: string } };
    expect(await refusal(app, 'GET', `/v2/a/b/blobs/${manifest.config.digest}`)).toEqual(disallowed);
  });

  it('of a tag refuses the pull by that tag, of a manifest every pull of it', async () => {
    const { app } = await pushed();
    await askJson(app, 'PATCH', onTag, { readEnabled: false });
    expect(await refusal(app, 'GET', '/v2/a/b/manifests/v1')).toEqual(disallowed);
    expect((await ask(app, 'HEAD', `/v2/a/b/manifests/${image.digest}`)).status).toBe(200);
    await askJson(app, 'PATCH', onTag, { readEnabled: true });
    await askJson(app, 'PATCH', onManifest, { readEnabled: false });
    expect(await refusal(app, 'GET', '/v2/a/b/manifests/v1')).toEqual(disallowed);
    expect((await ask(app, 'HEAD', `/v2/a/b/manifests/${image.digest}`)).status).toBe(405);
  });
});

describe('listEnabled false', () => {
  it('hides from lists, and from nothing else', async () => {
    const { app } = await pushed();
    for (const path of [onRepository, onTag, onManifest]) await askJson(app, 'PATCH', path, { listEnabled: false });
    expect((await askJson(app, 'GET', '/v2/_catalog')).body.repositories).toEqual([]);
    expect((await askJson(app, 'GET', '/v2/a/b/tags/list')).body.tags).toEqual([]);
    expect((await askJson(app, 'GET', '/acr/v1/a/b/_tags')).body.tags).toEqual([]);
    expect((await askJson(app, 'GET', '/acr/v1/a/b/_manifests')).body.manifests.map(({ digest }) => digest)).toEqual([
      other.digest,
    ]);
    expect((await askJson(app, 'GET', onManifest)).body.manifest).not.toHaveProperty('tags');
    expect((await askJson(app, 'GET', onTag)).status).toBe(200);
    expect((await ask(app, 'GET', '/v2/a/b/manifests/v1')).status).toBe(200);
  });
});

describe("a repository's attributes", () => {
  const layer = `/v2/a/b/blobs/${digestOf(image.config)}`;

  async function twoInstances() {
    let now = Date.now();
    const world = createMemoryWorld({ clock: { now: () => new Date(now) } });
    const [one, two] = [composeForTest({ world }), composeForTest({ world })];
    await pushImage(one.app, 'a/b', 'v1', image);
    expect((await ask(two.app, 'GET', '/v2/a/b/manifests/v1')).status).toBe(200);
    return { one, two, passTime: (ms: number) => (now += ms) };
  }

  it('are obeyed by the instance that changed them at once, by others within their freshness', async () => {
    const { one, two, passTime } = await twoInstances();
    await askJson(one.app, 'PATCH', onRepository, { readEnabled: false });
    expect((await ask(one.app, 'GET', '/v2/a/b/manifests/v1')).status).toBe(405);
    passTime(entryFreshness + 1);
    expect((await ask(two.app, 'GET', '/v2/a/b/manifests/v1')).status).toBe(405);
  });

  it('cost a pull one read in that time', async () => {
    const { two, passTime } = await twoInstances();
    const readsOf = async (path: string) => {
      two.memory.calls.resetCounts();
      await ask(two.app, 'GET', path);
      return two.memory.calls.count('documents.read');
    };
    const warm = await readsOf(layer);
    passTime(entryFreshness + 1);
    expect([warm, await readsOf(layer), await readsOf(layer)]).toEqual([1, 2, 1]);
  });

  it('are read once for pulls at the same time, and again after a failure', async () => {
    const { one, two, passTime } = await twoInstances();
    passTime(entryFreshness + 1);
    two.memory.calls.resetCounts();
    await Promise.all([1, 2, 3, 4].map(() => ask(two.app, 'HEAD', layer)));
    expect(two.memory.calls.count('documents.read')).toBe(5);
    passTime(entryFreshness + 1);
    one.memory.calls.failOn('documents.read', 1);
    expect((await ask(one.app, 'HEAD', '/v2/a/b/manifests/v1')).status).toBe(503);
    expect((await ask(one.app, 'HEAD', '/v2/a/b/manifests/v1')).status).toBe(200);
  });
});
