import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../../../shared/core/oci/media-types.ts';
import { materialsOf } from '../../../../../shared/features/builds/bases/provenance.ts';
import { ask, pushBlob } from '../../../image.ts';
import { build, host, registry } from './building.ts';

const sha256 = '5'.repeat(64);
const materials = [
  { uri: 'pkg:docker/docker/dockerfile@1?platform=linux%2Famd64', digest: { sha256 } },
  { uri: 'pkg:docker/alpine@3.20?platform=linux%2Famd64', digest: { sha256 } },
  { uri: `pkg:docker/${encodeURIComponent(host)}/team/base@1?platform=linux%2Famd64`, digest: { sha256 } },
  { uri: `pkg:docker/golang@sha256:${sha256}?platform=linux%2Famd64` },
  { uri: 'https://github.com/team/app.git', digest: { sha1: '1'.repeat(40) } },
];

describe("a builder's provenance", () => {
  it.each([
    ['0.2', { predicate: { materials } }],
    ['1.0', { predicate: { buildDefinition: { resolvedDependencies: materials } } }],
  ])('of SLSA %s names the images that were used, but not what interprets the Dockerfile', (_, statement) => {
    expect(materialsOf(JSON.stringify(statement))).toEqual([
      { reference: 'alpine:3.20', digest: `sha256:${sha256}` },
      { reference: `${host}/team/base:1`, digest: `sha256:${sha256}` },
      { reference: `golang@sha256:${sha256}` },
    ]);
  });

  it.each([
    '',
    '[]',
    '{"predicate":{"materials":[{"uri":7}]}}',
    '{"predicate":{"materials":[{"uri":"pkg:docker/%E0%A4%A"}]}}',
    '{"predicate":null}',
  ])('that is none says nothing: %s', (text) => {
    expect(materialsOf(text)).toEqual([]);
  });

  it('that lies beside an image in its index names the base of every stage', async () => {
    const of = registry();
    const image = build('app', 'app');
    const statement = Buffer.from(
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v0.1',
        predicateType: 'https://slsa.dev/provenance/v0.2',
        predicate: { materials },
      }),
    );
    const config = Buffer.from('{}');
    const attestation = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: 2 },
      layers: [
        {
          mediaType: 'application/vnd.in-toto+json',
          digest: digestOf(statement),
          size: statement.length,
          annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v0.2' },
        },
      ],
    });
    await of.push(image, 'part');
    for (const blob of [statement, config]) await pushBlob(of.app, 'app', blob);
    const put = (reference: string, body: string, type: string) =>
      ask(of.app, 'PUT', `/v2/app/manifests/${reference}`, { body, headers: { 'content-type': type } });
    expect((await put(digestOf(Buffer.from(attestation)), attestation, mediaTypes.ociManifest)).status).toBe(201);
    const manifests = [
      {
        mediaType: mediaTypes.ociManifest,
        digest: image.digest,
        size: image.bytes.length,
        platform: { os: 'linux', architecture: 'amd64' },
      },
      {
        mediaType: mediaTypes.ociManifest,
        digest: digestOf(Buffer.from(attestation)),
        size: attestation.length,
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': image.digest,
        },
        platform: { os: 'unknown', architecture: 'unknown' },
      },
    ];
    expect(
      (
        await put(
          '1',
          JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
          mediaTypes.ociIndex,
        )
      ).status,
    ).toBe(201);
    await of.settle();
    const { body } = await of.api('GET', '/bases?image=app:1');
    expect((body as { bases: { image: string }[] }).bases.map((base) => base.image).sort()).toEqual([
      'docker.io/library/alpine:3.20',
      `docker.io/library/golang@sha256:${sha256}`,
      'team/base:1',
    ]);
    expect((await of.api('GET', `/bases?image=docker.io/library/alpine:3.20`)).body).toMatchObject({
      items: [{ image: 'app:1', found: [{ evidence: 'provenance', baseDigest: `sha256:${sha256}` }] }],
    });
  });
});
