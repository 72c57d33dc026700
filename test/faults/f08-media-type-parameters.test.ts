import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { ask } from '../shared/image.ts';
import { blobIn, layerType, put } from './manifests.ts';

describe('the media type of a descriptor', () => {
  it.each([
    'text/plain; charset=utf-8',
    'text/plain;charset=utf-8',
    'text/html; charset=utf-8',
    'application/x.any; v=1; w="a b"',
    'application/vnd.example+json',
  ])('may be %s, as podman sniffs it', async (mediaType) => {
    const { app } = composeForTest();
    const [empty, file] = [
      await blobIn(app, 'team/file', '{}', 'application/vnd.oci.empty.v1+json'),
      await blobIn(app, 'team/file', 'foo: bar\n', mediaType),
    ];
    const asLayer = await put(app, 'team/file', 'layer', {
      artifactType: 'application/vnd.example.file',
      config: empty,
      layers: [file],
    });
    expect(asLayer.status, asLayer.text).toBe(201);
    expect((await put(app, 'team/file', 'config', { config: file, layers: [empty] })).status).toBe(201);
    expect(await (await ask(app, 'GET', '/v2/team/file/manifests/layer')).json()).toMatchObject({
      layers: [{ mediaType }],
    });
  });

  it.each([
    '',
    'text',
    'text/',
    'text/plain;',
    'text/plain; charset',
    'text/plain; charset=a b',
    'text/plain\r\nx: y',
    'text/plain; a="\n"',
    `text/plain; a=${'x'.repeat(300)}`,
  ])('may not be %j', async (mediaType) => {
    const { app } = composeForTest();
    const layer = await blobIn(app, 'team/file', 'x', layerType);
    expect((await put(app, 'team/file', 'v1', { config: layer, layers: [{ ...layer, mediaType }] })).status).toBe(400);
  });
});
