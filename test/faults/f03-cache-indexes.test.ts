import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { deliverEvents } from '../shared/features/usage/counting.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';
import { runDue } from '../shared/run-due.ts';
import { blobIn, configType, digestOfText, json, layerType, put } from './manifests.ts';

const day = 24 * 3600 * 1000;
const cacheConfig = 'application/vnd.buildkit.cacheconfig.v0';

describe('an index that lists blobs, as the cache of BuildKit does', () => {
  it.each([mediaTypes.ociIndex, mediaTypes.dockerManifestList])(
    'is taken as %s, given, and counted with its blobs',
    async (type) => {
      const longshore = composeForTest();
      const { app } = longshore;
      const [layer, config] = [
        await blobIn(app, 'team/cache', 'cached layer', layerType),
        await blobIn(app, 'team/cache', '{"layers":[]}', cacheConfig),
      ];
      const pushed = await put(app, 'team/cache', 'cache', { manifests: [layer, config] }, type);
      expect(pushed.status, pushed.text).toBe(201);
      expect((await ask(app, 'GET', '/v2/team/cache/manifests/cache')).status).toBe(200);
      await deliverEvents(longshore);
      expect((await json(app, 'GET', '/api/v1/usage?repository=team/cache')).body).toMatchObject({
        images: 1,
        bytes: pushed.bytes.length + layer.size + config.size,
      });
    },
  );

  it('may list manifests beside them, and a blob under any media type', async () => {
    const { app } = composeForTest();
    const image = makeImage('listed');
    await pushImage(app, 'team/cache', 'image', image);
    const blob = await blobIn(app, 'team/cache', 'any bytes', 'application/x.any');
    const listed = [
      { mediaType: image.mediaType, digest: image.digest, size: image.bytes.length },
      blob,
      { ...blob, mediaType: mediaTypes.ociManifest },
    ];
    const mixed = await put(app, 'team/cache', 'mixed', { manifests: listed }, mediaTypes.ociIndex);
    expect(mixed.status).toBe(201);
    const shown = (await json(app, 'GET', `/acr/v1/team/cache/_manifests/${mixed.digest}`)).body.manifest as
      { references: { digest: string }[] } | undefined;
    expect(shown?.references.map(({ digest }) => digest)).toEqual([image.digest]);
  });

  it('is refused when what it lists is neither a manifest nor a blob of the repository', async () => {
    const { app } = composeForTest();
    const elsewhere = await blobIn(app, 'other/cache', 'elsewhere', layerType);
    for (const listed of [elsewhere, { ...elsewhere, digest: digestOfText('nowhere') }]) {
      const refused = await put(app, 'team/cache', 'cache', { manifests: [listed] }, mediaTypes.ociIndex);
      expect(refused.status).toBe(404);
      expect(refused.text).toContain('MANIFEST_BLOB_UNKNOWN');
    }
  });

  it('holds its blobs while it is there or in the bin, and no longer', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const longshore = composeForTest({ world: createMemoryWorld({ clock: { now: () => new Date(now) } }) });
    const { app } = longshore;
    const pass = async (days: number) => {
      for (let n = 0; n < days; n += 1) {
        now += day;
        await runDue(longshore);
      }
    };
    const layer = await blobIn(app, 'team/cache', 'cached layer', layerType);
    // A manifest that is a blob here, and becomes a manifest later: both stay.
    const [config, inner] = [
      await blobIn(app, 'team/cache', '{}x', configType),
      await blobIn(app, 'team/cache', 'inner layer', layerType),
    ];
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [inner] });
    const asBlob = await blobIn(app, 'team/cache', manifest, mediaTypes.ociManifest);
    const pushed = await put(app, 'team/cache', 'cache', { manifests: [layer, asBlob] }, mediaTypes.ociIndex);
    expect(pushed.status).toBe(201);
    expect(
      (
        await ask(app, 'PUT', `/v2/team/cache/manifests/${asBlob.digest}`, {
          body: manifest,
          headers: { 'content-type': mediaTypes.ociManifest },
        })
      ).status,
    ).toBe(201);
    const has = async (digest: string) => (await ask(app, 'GET', `/v2/team/cache/blobs/${digest}`)).status === 307;
    await pass(5);
    expect(await has(layer.digest)).toBe(true);
    expect(await has(asBlob.digest)).toBe(true);
    await ask(app, 'DELETE', `/v2/team/cache/manifests/${pushed.digest}`);
    await pass(10);
    expect(await has(layer.digest)).toBe(true);
    await pass(10);
    expect(await has(layer.digest)).toBe(false);
    expect(await has(asBlob.digest)).toBe(false);
  });
});
