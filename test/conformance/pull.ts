import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { ask } from '../shared/image.ts';
import { bytesOf, codeOf, content, emptyJson, pull, push, pushAll, randomBlob, randomImage } from './content.ts';
import type { RunningRegistry, SetUpRegistry } from './registry.ts';
import { freshRepository } from './registry.ts';

/** Distribution-spec, "Pull". */
export function pullWorkflow(setUp: SetUpRegistry): void {
  describe('pulling', () => {
    let registry: RunningRegistry;
    const repository = freshRepository();
    const image = randomImage();
    const blob = randomBlob(2_048);
    beforeAll(async () => {
      registry = await setUp();
      await pushAll(registry.app, repository, image, 'v1');
      await push(registry.app, repository, blob);
    });
    afterAll(() => registry.stop());

    it('says that it is a registry', async () => {
      const base = await ask(registry.app, 'GET', '/v2/');
      expect([base.status, base.headers.get('docker-distribution-api-version')]).toEqual([200, 'registry/2.0']);
    });

    it.each(['GET', 'HEAD'])('answers %s of an unknown blob and of unknown manifests with 404', async (method) => {
      const missing = randomBlob(64).digest;
      for (const path of [
        `blobs/${missing}`,
        `manifests/${missing}`,
        'manifests/never-pushed',
        'manifests/.never-a-tag',
      ]) {
        expect((await ask(registry.app, method, `/v2/${repository}/${path}`)).status).toBe(404);
      }
      expect((await ask(registry.app, method, `/v2/${freshRepository()}/manifests/v1`)).status).toBe(404);
    });

    it('tells the size and the digest of a blob without its bytes', async () => {
      const head = await ask(registry.app, 'HEAD', `/v2/${repository}/blobs/${blob.digest}`);
      expect([head.status, head.headers.get('content-length'), head.headers.get('docker-content-digest')]).toEqual([
        200,
        '2048',
        blob.digest,
      ]);
      expect((await bytesOf(head)).length).toBe(0);
    });

    it('gives a blob', async () => {
      const pulled = await pull(registry.app, `/v2/${repository}/blobs/${blob.digest}`);
      expect([pulled.status, pulled.headers.get('content-length')]).toEqual([200, '2048']);
      expect((await bytesOf(pulled)).equals(blob.bytes)).toBe(true);
    });

    it('gives the empty blob and the empty JSON object', async () => {
      for (const special of [content(Buffer.alloc(0), 'application/octet-stream'), emptyJson]) {
        await push(registry.app, repository, special);
        const pulled = await pull(registry.app, `/v2/${repository}/blobs/${special.digest}`);
        expect([pulled.status, pulled.headers.get('content-length')]).toEqual([200, String(special.bytes.length)]);
        expect((await bytesOf(pulled)).equals(special.bytes)).toBe(true);
      }
    });

    it.each([
      ['bytes=500-1499', 500, 1_499],
      ['bytes=500-', 500, 2_047],
      ['bytes=-500', 1_548, 2_047],
      ['bytes=2000-5000', 2_000, 2_047],
      ['bytes=0-0', 0, 0],
      ['bytes=-5000', 0, 2_047],
    ])('gives the range %s of a blob', async (range, first, last) => {
      const pulled = await pull(registry.app, `/v2/${repository}/blobs/${blob.digest}`, { range });
      expect([pulled.status, pulled.headers.get('content-range'), pulled.headers.get('content-length')]).toEqual([
        206,
        `bytes ${first}-${last}/2048`,
        String(last - first + 1),
      ]);
      expect((await bytesOf(pulled)).equals(blob.bytes.subarray(first, last + 1))).toBe(true);
    });

    it.each(['bytes=500-0', 'bytes=5000-10000', 'bytes=2048-', 'bytes=-0'])(
      'refuses the range %s, which names no byte',
      async (range) => {
        const refused = await ask(registry.app, 'GET', `/v2/${repository}/blobs/${blob.digest}`, {
          headers: { range },
        });
        expect([refused.status, refused.headers.get('content-range')]).toEqual([416, 'bytes */2048']);
      },
    );

    it('tells size, type and digest of a manifest without its bytes, by tag and by digest', async () => {
      for (const reference of ['v1', image.manifest.digest]) {
        const head = await ask(registry.app, 'HEAD', `/v2/${repository}/manifests/${reference}`, {
          headers: { accept: mediaTypes.ociManifest },
        });
        expect(head.status).toBe(200);
        expect(head.headers.get('content-length')).toBe(String(image.manifest.bytes.length));
        expect(head.headers.get('content-type')).toBe(mediaTypes.ociManifest);
        expect(head.headers.get('docker-content-digest')).toBe(image.manifest.digest);
        expect((await bytesOf(head)).length).toBe(0);
      }
    });

    it('gives a manifest byte for byte, by tag and by digest', async () => {
      for (const reference of ['v1', image.manifest.digest]) {
        const pulled = await ask(registry.app, 'GET', `/v2/${repository}/manifests/${reference}`, {
          headers: { accept: `${mediaTypes.ociIndex}, ${mediaTypes.ociManifest}` },
        });
        expect([
          pulled.status,
          pulled.headers.get('content-type'),
          pulled.headers.get('docker-content-digest'),
        ]).toEqual([200, mediaTypes.ociManifest, image.manifest.digest]);
        expect((await bytesOf(pulled)).equals(image.manifest.bytes)).toBe(true);
      }
    });

    it('sends nothing again that the client has', async () => {
      for (const path of [`manifests/v1`, `manifests/${image.manifest.digest}`, `blobs/${blob.digest}`]) {
        const first = await ask(registry.app, 'HEAD', `/v2/${repository}/${path}`);
        const again = await ask(registry.app, 'GET', `/v2/${repository}/${path}`, {
          headers: { 'if-none-match': `"other", W/${first.headers.get('etag') ?? ''}` },
        });
        expect([again.status, (await bytesOf(again)).length]).toEqual([304, 0]);
      }
    });

    it('refuses what is no digest in the form that the specification gives errors', async () => {
      const refused = await ask(registry.app, 'GET', `/v2/${repository}/manifests/sha256:totallywrong`);
      expect([refused.status, await codeOf(refused)]).toEqual([400, 'DIGEST_INVALID']);
    });
  });
}
