import { mediaTypes } from '../../../../../shared/core/oci/media-types.ts';
import type { Ground, WrongRequest } from './request-row.ts';
import { absent } from './request-row.ts';
import { brokenBody } from './uploads.ts';

const { ociManifest, ociIndex, dockerManifest, dockerSchema1, dockerSchema1Signed } = mediaTypes;
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: absent, size: 1 };
const image = { schemaVersion: 2, mediaType: ociManifest, config, layers: [] };
const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [] };
const without = (json: object, property: string) =>
  Object.fromEntries(Object.entries(json).filter(([name]) => name !== property));
const digests = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ ...config, digest: `sha256:${n.toString(16).padStart(64, '0')}` }));
const nested = (open: string, close: string) => `${open.repeat(200_000)}${close.repeat(200_000)}`;

/** Not one of them is a manifest. */
const bodies: Readonly<Record<string, string | Uint8Array>> = {
  nothing: '',
  null: 'null',
  'a list': '[]',
  'a text': '"manifest"',
  'a number': '1',
  'no JSON': 'not json',
  'half an object': '{"schemaVersion": 2',
  'an empty object': '{}',
  'bytes that are no UTF-8': Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
  'a byte order mark': `\uFEFF${JSON.stringify(image)}`,
  'lists in lists': nested('[', ']'),
  'objects in objects': nested('{"a":', '}').replace(':}', ':1}'),
  'a string in schemaVersion': JSON.stringify({ ...image, schemaVersion: '2' }),
  'schemaVersion 3': JSON.stringify({ ...image, schemaVersion: 3 }),
  'no config': JSON.stringify(without(image, 'config')),
  'a config that is a text': JSON.stringify({ ...image, config: absent }),
  'a config without a digest': JSON.stringify({ ...image, config: without(config, 'digest') }),
  'a config with a bad digest': JSON.stringify({ ...image, config: { ...config, digest: 'sha256:x' } }),
  'a config with a bad media type': JSON.stringify({ ...image, config: { ...config, mediaType: 'nonsense' } }),
  'a negative size': JSON.stringify({ ...image, config: { ...config, size: -1 } }),
  'half a byte': JSON.stringify({ ...image, config: { ...config, size: 1.5 } }),
  'a size beyond all numbers': JSON.stringify(image).replace('"size":1', '"size":1e400'),
  'layers that are no list': JSON.stringify({ ...image, layers: {} }),
  'a layer that is null': JSON.stringify({ ...image, layers: [null] }),
  'ten thousand bad layers': JSON.stringify({ ...image, layers: Array.from({ length: 10_000 }, () => 1) }),
  'an image that is an index too': JSON.stringify({ ...image, manifests: [] }),
  'more references than anyone has': JSON.stringify({ ...image, layers: digests(1_200) }),
  'annotations that are no texts': JSON.stringify({ ...image, annotations: { a: 1 } }),
  'a subject without a digest': JSON.stringify({ ...image, subject: { mediaType: ociManifest, size: 1 } }),
  'an artifact type without end': JSON.stringify({ ...image, artifactType: `a/${'b'.repeat(300)}` }),
};

const indexes: Readonly<Record<string, object>> = {
  'an index with a config': { ...index, config },
  'an index with layers': { ...index, layers: [] },
  'an index of texts': { ...index, manifests: [absent] },
};

/** Content-Type, and what else is in the body. */
const types: Readonly<Record<string, readonly [string, object]>> = {
  'a text': ['text/plain', without(image, 'mediaType')],
  'the wrong type for what it says it is': [dockerManifest, image],
  'an index for an image': [ociIndex, image],
  'Docker schema 1': [dockerSchema1, { schemaVersion: 1 }],
  'signed Docker schema 1': [dockerSchema1Signed, { schemaVersion: 1 }],
  'schemaVersion 1': [ociManifest, { ...without(image, 'mediaType'), schemaVersion: 1 }],
  'a list of types': [`${ociManifest}, ${ociIndex}`, image],
};

export function wrongManifests({ repository, manifest }: Ground): WrongRequest[] {
  const path = `/v2/${repository}/manifests/wrong`;
  const put = (
    why: string,
    body: WrongRequest['body'],
    code = 'MANIFEST_INVALID',
    more: Partial<WrongRequest> = {},
  ): WrongRequest => ({
    why,
    method: 'PUT',
    path,
    ...(body === undefined ? {} : { body }),
    headers: { 'content-type': ociManifest },
    status: 400,
    code,
    ...more,
  });
  const tags = Array.from({ length: 31 }, (_, n) => `tag=t${n}`).join('&');
  return [
    ...Object.entries(bodies).map(([why, body]) => put(why, body)),
    ...Object.entries(indexes).map(([why, json]) =>
      put(why, JSON.stringify(json), 'MANIFEST_INVALID', { headers: { 'content-type': ociIndex } }),
    ),
    ...Object.entries(types).map(([why, [type, json]]) =>
      put(`Content-Type: ${why}`, JSON.stringify(json), 'MANIFEST_INVALID', { headers: { 'content-type': type } }),
    ),
    put('no type anywhere', Buffer.from(JSON.stringify(without(image, 'mediaType'))), 'MANIFEST_INVALID', {
      headers: {},
    }),
    put('no body', undefined),
    put('a body that breaks off', brokenBody()),
    put('a shorter body than Content-Length says', JSON.stringify(image), 'SIZE_INVALID', {
      headers: { 'content-type': ociManifest, 'content-length': '9999' },
    }),
    put('more than 4 MiB', ' '.repeat(4 * 1024 * 1024 + 1), 'SIZE_INVALID', { status: 413 }),
    put('more than 4 MiB, announced', '{}', 'SIZE_INVALID', { status: 413, headers: { 'content-length': '99999999' } }),
    put('a blob that is not there', JSON.stringify(image), 'MANIFEST_BLOB_UNKNOWN', { status: 404 }),
    put(
      'a child that is not there',
      JSON.stringify({ ...index, manifests: [{ ...config, mediaType: ociManifest }] }),
      'MANIFEST_BLOB_UNKNOWN',
      { status: 404, headers: { 'content-type': ociIndex } },
    ),
    put("another digest than the URL's", manifest.bytes, 'DIGEST_INVALID', {
      path: `/v2/${repository}/manifests/${absent}`,
    }),
    put("another sha512 than the URL's", manifest.bytes, 'DIGEST_INVALID', {
      path: `/v2/${repository}/manifests/sha512:${'0'.repeat(128)}`,
    }),
    put('a tag in the query that is none', manifest.bytes, 'TAG_INVALID', {
      path: `/v2/${repository}/manifests/${manifest.digest}?tag=ok&tag=.not`,
    }),
    put('an empty tag in the query', manifest.bytes, 'TAG_INVALID', {
      path: `/v2/${repository}/manifests/${manifest.digest}?tag=`,
    }),
    put('more tags than one push can set', manifest.bytes, 'SIZE_INVALID', {
      path: `/v2/${repository}/manifests/${manifest.digest}?${tags}`,
      status: 414,
    }),
  ];
}
