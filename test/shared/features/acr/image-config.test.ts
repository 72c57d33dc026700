import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { ask, makeImage, pushBlob, pushImage, putManifest } from '../../image.ts';
import { askJson } from './asking.ts';

const imageConfig = 'application/vnd.oci.image.config.v1+json';

/** Pushes an image with this config, and gives what the API shows of it and how often the push read a blob. */
async function pushedWith(config: string, mediaType = imageConfig) {
  const { app, memory } = composeForTest();
  const bytes = Buffer.from(config);
  const image = makeImage('platform', 0, { config: { mediaType, digest: digestOf(bytes), size: bytes.length } });
  await pushBlob(app, 'a/b', bytes);
  memory.calls.resetCounts();
  expect((await putManifest(app, 'a/b', 'v1', image)).status).toBe(201);
  const reads = memory.calls.count('blobs.read');
  const { manifest } = (await askJson(app, 'GET', `/acr/v1/a/b/_manifests/${image.digest}`)).body;
  return { platform: [manifest.architecture, manifest.os], configMediaType: manifest.configMediaType, reads };
}

describe('the platform of an image', () => {
  it('is read from its config, once, when it is pushed', async () => {
    expect(await pushedWith('{"architecture":"arm64","os":"windows"}')).toEqual({
      platform: ['arm64', 'windows'],
      configMediaType: imageConfig,
      reads: 1,
    });
    expect(await pushedWith('{"os":"linux"}', 'application/vnd.docker.container.image.v1+json')).toMatchObject({
      platform: [undefined, 'linux'],
      reads: 1,
    });
  });

  it.each([
    ['is no JSON', 'not json'],
    ['is no object', '[]'],
    ['says something else', '{"architecture":64,"os":null}'],
    ['is in a wrong encoding', '\u0000\ud800'],
  ])('is unknown when the config %s, and the push is taken', async (_, config) => {
    expect(await pushedWith(config)).toMatchObject({ platform: [undefined, undefined], reads: 1 });
  });

  it("is not looked for in a config that is no image's, or larger than configs are", async () => {
    expect(await pushedWith('{"architecture":"arm64"}', 'application/vnd.example+json')).toMatchObject({
      platform: [undefined, undefined],
      reads: 0,
    });
    expect(await pushedWith(`{"architecture":"arm64","filler":"${'x'.repeat(64 * 1024)}"}`)).toMatchObject({
      platform: [undefined, undefined],
      reads: 0,
    });
  });
});

describe("a pull that a repository's attributes refuse", () => {
  it('is refused also where there is nothing to pull', async () => {
    const { app } = composeForTest();
    await pushImage(app, 'a/b', 'v1', makeImage('one', 1));
    await askJson(app, 'PATCH', '/acr/v1/a/b', { readEnabled: false });
    expect((await ask(app, 'GET', '/v2/a/b/manifests/none')).status).toBe(405);
    expect((await ask(app, 'GET', '/v2/a/b/manifests/v1')).status).toBe(405);
  });
});
