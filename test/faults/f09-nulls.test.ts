import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';
import { blobIn, configType, layerType, put } from './manifests.ts';

const absent = [
  { annotations: null },
  { urls: null },
  { platform: null },
  { artifactType: null },
  { data: null },
  { annotations: { a: null } },
  { urls: [null] },
];
const platforms = [
  {},
  { os: 'linux' },
  { architecture: 'amd64' },
  { architecture: 'amd64', os: 'linux', variant: null },
  { architecture: null, os: null },
  { architecture: 'amd64', os: 'linux', 'os.features': null },
];

describe('null in a manifest', () => {
  it.each([...absent, ...platforms.map((platform) => ({ platform }))])(
    'is what is absent, in the descriptors of an index with %j',
    async (more) => {
      const { app } = composeForTest();
      const image = makeImage('child');
      await pushImage(app, 'team/app', 'child', image);
      const pushed = await put(
        app,
        'team/app',
        'index',
        { manifests: [{ mediaType: image.mediaType, digest: image.digest, size: image.bytes.length, ...more }] },
        mediaTypes.ociIndex,
      );
      expect(pushed.status, pushed.text).toBe(201);
      const given = await ask(app, 'GET', '/v2/team/app/manifests/index');
      expect(Buffer.from(await given.arrayBuffer()).equals(pushed.bytes)).toBe(true);
      expect((await ask(app, 'GET', '/acr/v1/team/app/_manifests')).status).toBe(200);
    },
  );

  it.each(absent)('is what is absent, in the descriptors of an image with %j', async (more) => {
    const { app } = composeForTest();
    const [config, layer] = [
      await blobIn(app, 'team/app', '{"a":1}', configType),
      await blobIn(app, 'team/app', 'l', layerType),
    ];
    const pushed = await put(app, 'team/app', 'v1', {
      config: { ...config, ...more },
      layers: [{ ...layer, ...more }],
      subject: { ...layer, mediaType: mediaTypes.ociManifest, ...more },
    });
    expect(pushed.status, pushed.text).toBe(201);
    expect((await ask(app, 'GET', `/v2/team/app/referrers/${layer.digest}`)).status).toBe(200);
  });

  it.each([
    { annotations: null },
    { subject: null },
    { artifactType: null },
    { layers: null },
    { manifests: null },
    { annotations: { a: null } },
  ])('is what is absent, in an image with %j', async (more) => {
    const { app } = composeForTest();
    const config = await blobIn(app, 'team/app', '{"a":1}', configType);
    expect((await put(app, 'team/app', 'v1', { config, layers: [], ...more })).status).toBe(201);
  });

  it.each([{ manifests: null }, { manifests: [], layers: null, config: null }, { manifests: [], artifactType: null }])(
    'is what is absent, in an index with %j',
    async (more) => {
      const { app } = composeForTest();
      expect((await put(app, 'team/app', 'v1', more, mediaTypes.ociIndex)).status).toBe(201);
    },
  );

  it('is refused where something must be', async () => {
    const { app } = composeForTest();
    const config = await blobIn(app, 'team/app', '{"a":1}', configType);
    for (const more of [{ digest: null }, { size: null }, { mediaType: null }])
      expect((await put(app, 'team/app', 'v1', { config: { ...config, ...more }, layers: [] })).status).toBe(400);
    for (const layers of [[null], ['text']])
      expect((await put(app, 'team/app', 'v1', { config, layers })).status).toBe(400);
    expect((await put(app, 'team/app', 'v1', { config: null, layers: [] })).status).toBe(400);
  });
});
