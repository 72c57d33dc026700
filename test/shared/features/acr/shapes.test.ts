import { beforeAll, describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../../shared/core/oci/media-types.ts';
import { makeImage, pushImage, putManifest } from '../../image.ts';
import { askJson, refusal } from './asking.ts';

const longshore = composeForTest();
const { app, memory } = longshore;
const image = makeImage('shaped', 2);
const untagged = makeImage('untagged', 1);
const acrTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/) as string;
const enabled = { deleteEnabled: true, writeEnabled: true, listEnabled: true, readEnabled: true };
const where = { registry: 'registry.test', imageName: 'team/app' };
const times = { createdTime: acrTime, lastUpdateTime: acrTime };

const index = (() => {
  const child = {
    mediaType: image.mediaType,
    digest: image.digest,
    size: image.bytes.length,
    platform: { architecture: 'arm64', os: 'linux', variant: 'v8' },
  };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] }));
  return { bytes, mediaType: mediaTypes.ociIndex, digest: digestOf(bytes) };
})();

const layerBytes = image.layers.reduce((sum, layer) => sum + layer.length, image.config.length);
const imageShape = {
  digest: image.digest,
  imageSize: layerBytes,
  ...times,
  architecture: 'amd64',
  os: 'linux',
  mediaType: image.mediaType,
  configMediaType: 'application/vnd.oci.image.config.v1+json',
  tags: ['v1', 'v2'],
  changeableAttributes: enabled,
};

beforeAll(async () => {
  await pushImage(app, 'team/app', 'v2', image);
  await putManifest(app, 'team/app', 'v1', image);
  await pushImage(app, 'team/app', untagged.digest, untagged);
  await putManifest(app, 'team/app', 'many', index);
});

/** The store calls that one request makes. */
async function callsOf(method: string, path: string): Promise<string[]> {
  memory.calls.resetCounts();
  expect((await askJson(app, method, path)).status).toBe(200);
  return [...memory.calls.list].sort();
}

describe('the shape of', () => {
  it('a repository', async () => {
    const { status, body } = await askJson(app, 'GET', '/acr/v1/team/app');
    expect([status, body]).toEqual([
      200,
      { ...where, ...times, manifestCount: 3, tagCount: 3, changeableAttributes: enabled },
    ]);
  });

  it('a tag', async () => {
    const { body } = await askJson(app, 'GET', '/acr/v1/team/app/_tags/v1');
    expect(body).toEqual({
      ...where,
      tag: { name: 'v1', digest: image.digest, ...times, signed: false, changeableAttributes: enabled },
    });
  });

  it('a list of tags', async () => {
    const { body } = await askJson(app, 'GET', '/acr/v1/team/app/_tags');
    expect(body).toMatchObject(where);
    expect(body.tags.map(({ name }) => name)).toEqual(['many', 'v1', 'v2']);
    expect(body.tags[1]).toEqual((await askJson(app, 'GET', '/acr/v1/team/app/_tags/v1')).body.tag);
  });

  it('an image, with what its config says that it runs on and all its tags', async () => {
    const { body } = await askJson(app, 'GET', `/acr/v1/team/app/_manifests/${image.digest}`);
    expect(body).toEqual({ ...where, manifest: imageShape });
  });

  it('an untagged image, which has no tags at all', async () => {
    const { body } = await askJson(app, 'GET', `/acr/v1/team/app/_manifests/${untagged.digest}`);
    expect(body.manifest).not.toHaveProperty('tags');
  });

  it('an index, with its children and no platform of its own', async () => {
    const { body } = await askJson(app, 'GET', `/acr/v1/team/app/_manifests/${index.digest}`);
    const references = [{ digest: image.digest, architecture: 'arm64', os: 'linux' }];
    expect(body.manifest).toEqual({
      digest: index.digest,
      imageSize: image.bytes.length,
      ...times,
      mediaType: mediaTypes.ociIndex,
      tags: ['many'],
      references,
      changeableAttributes: enabled,
    });
  });

  it('a list of manifests', async () => {
    const { body } = await askJson(app, 'GET', '/acr/v1/team/app/_manifests');
    expect(body.manifests.map(({ digest }) => digest)).toEqual([image.digest, untagged.digest, index.digest].sort());
    expect(body.manifests).toContainEqual(imageShape);
  });

  it('what was never pushed', async () => {
    expect(await refusal(app, 'GET', '/acr/v1/no/such')).toEqual([404, 'NAME_UNKNOWN']);
    expect(await refusal(app, 'GET', '/acr/v1/no/such/_tags')).toEqual([404, 'NAME_UNKNOWN']);
    expect(await refusal(app, 'GET', '/acr/v1/no/such/_manifests')).toEqual([404, 'NAME_UNKNOWN']);
    expect(await refusal(app, 'GET', '/acr/v1/team/app/_tags/none')).toEqual([404, 'TAG_UNKNOWN']);
    expect(await refusal(app, 'DELETE', '/acr/v1/team/app/_tags/none')).toEqual([404, 'TAG_UNKNOWN']);
    expect(await refusal(app, 'GET', `/acr/v1/team/app/_manifests/sha256:${'0'.repeat(64)}`)).toEqual([
      404,
      'MANIFEST_UNKNOWN',
    ]);
  });
});

describe('the store calls of', () => {
  it.each([
    ['a tag', '/acr/v1/team/app/_tags/v1', ['documents.read']],
    ['a manifest', `/acr/v1/team/app/_manifests/${image.digest}`, ['documents.query', 'documents.read']],
    ['a list of tags', '/acr/v1/team/app/_tags?orderby=timedesc', ['documents.query']],
    ['a list of manifests', '/acr/v1/team/app/_manifests?orderby=timedesc', ['documents.query', 'documents.query']],
    [
      'a repository',
      '/acr/v1/team/app',
      ['documents.count', 'documents.count', 'documents.query', 'documents.query', 'documents.read'],
    ],
    ['the catalog', '/v2/_catalog', ['documents.query']],
  ])('%s', async (_, path, calls) => {
    expect(await callsOf('GET', path)).toEqual(calls);
  });
});

describe('a name in a path', () => {
  it('may be encoded whole, as the JavaScript client does', async () => {
    const plain = await askJson(app, 'GET', `/acr/v1/team/app/_manifests/${image.digest}`);
    expect(await askJson(app, 'GET', `/acr/v1/team%2Fapp/_manifests/${encodeURIComponent(image.digest)}`)).toEqual(
      plain,
    );
  });
});

describe('a wrong request', () => {
  it.each([
    ['GET', '/acr/v1/team/app/_tags?n=-1', 400, 'PAGINATION_NUMBER_INVALID'],
    ['GET', '/acr/v1/team/app/_tags?n=ten', 400, 'PAGINATION_NUMBER_INVALID'],
    ['GET', '/acr/v1/team/app/_manifests?n=1.5', 400, 'PAGINATION_NUMBER_INVALID'],
    ['GET', '/v2/_catalog?n=1e3', 400, 'PAGINATION_NUMBER_INVALID'],
    ['GET', '/acr/v1/team/app/_tags?orderby=name', 400, 'BAD_REQUEST'],
    ['GET', '/acr/v1/team/app/_manifests?orderby=TIMEASC', 400, 'BAD_REQUEST'],
    ['GET', '/acr/v1/team/app/_tags?orderby=timeasc&last=gone', 400, 'BAD_REQUEST'],
    ['GET', '/acr/v1/team/app/_tags?orderby=timeasc&last=a%2Fb%23', 400, 'BAD_REQUEST'],
    ['GET', '/acr/v1/team/app/_tags?digest=sha256:0', 400, 'DIGEST_INVALID'],
    ['GET', '/v2/_catalog?last=~forged', 400, 'BAD_REQUEST'],
    ['GET', '/acr/v1/Team/app', 400, 'NAME_INVALID'],
    ['GET', '/acr/v1/', 400, 'NAME_INVALID'],
    ['GET', '/acr/v1/team%E0%A4/app', 400, 'BAD_REQUEST'],
    ['GET', '/acr/v1/team/app/_tags/.hidden', 400, 'TAG_INVALID'],
    ['GET', '/acr/v1/team/app/_manifests/v1', 400, 'DIGEST_INVALID'],
    ['POST', '/acr/v1/team/app', 405, 'UNSUPPORTED'],
    ['DELETE', `/acr/v1/team/app/_manifests/${image.digest}`, 405, 'UNSUPPORTED'],
    ['PUT', '/acr/v1/_catalog', 405, 'UNSUPPORTED'],
    ['POST', '/acr/v1/_deleted/_catalog', 405, 'UNSUPPORTED'],
    ['POST', '/acr/v1/_deleted/team/app/_tags', 405, 'UNSUPPORTED'],
    ['POST', `/acr/v1/_deleted/team/app/_manifests/${image.digest}?force=true`, 404, 'MANIFEST_UNKNOWN'],
    ['GET', '/acr/v1/_deleted/team/app', 404, 'NOT_FOUND'],
  ])('%s %s is answered with %i %s', async (method, path, status, code) => {
    expect(await refusal(app, method, path)).toEqual([status, code]);
  });

  it.each([
    ['no JSON', undefined],
    ['a list', [true]],
    ['a string where true or false belongs', { writeEnabled: 'false' }],
    ['an unknown quarantine state', { quarantineState: 'Fine' }],
  ])('whose body is %s changes nothing', async (_, body) => {
    const path = `/acr/v1/team/app/_manifests/${image.digest}`;
    expect(await refusal(app, 'PATCH', path, body)).toEqual([400, 'BAD_REQUEST']);
    expect((await askJson(app, 'GET', path)).body.manifest).toEqual(imageShape);
  });
});
