import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../shared/app/app.ts';
import type { DigestAlgorithm } from '../../shared/core/oci/digest.ts';
import { ask, location, withDigest } from '../shared/image.ts';
import type { Content } from './content.ts';
import { bytesOf, codeOf, pull, push, randomBlob } from './content.ts';
import type { RunningRegistry, SetUpRegistry } from './registry.ts';
import { freshRepository } from './registry.ts';

/** Bytes that do not have the digest that they go under. */
function corrupted(blob: Content): Content {
  return { ...blob, bytes: Buffer.concat([blob.bytes, Buffer.from('oh no')]) };
}

async function start(app: App, repository: string, query = ''): Promise<string> {
  const started = await ask(app, 'POST', `/v2/${repository}/blobs/uploads/${query}`);
  expect(started.status).toBe(202);
  return location(started);
}

function chunk(
  app: App,
  method: 'PATCH' | 'PUT',
  url: string,
  blob: Content,
  from: number,
  to: number,
): Promise<Response> {
  const bytes = blob.bytes.subarray(from, to);
  return ask(app, method, url, {
    body: bytes,
    headers: {
      'content-type': 'application/octet-stream',
      'content-range': `${from}-${from + bytes.length - 1}`,
      'content-length': String(bytes.length),
    },
  });
}

/** The ways in which the specification lets a blob be pushed. Each gives the last answer. */
const ways = {
  'one POST': (app: App, repository: string, { bytes, digest }: Content) =>
    ask(app, 'POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes }),
  'a POST and a PUT': async (app: App, repository: string, { bytes, digest }: Content) =>
    ask(app, 'PUT', withDigest(await start(app, repository), digest), { body: bytes }),
  'a stream': async (app: App, repository: string, { bytes, digest }: Content) => {
    const streamed = await ask(app, 'PATCH', await start(app, repository), { body: bytes });
    expect([streamed.status, streamed.headers.get('range')]).toEqual([202, `0-${bytes.length - 1}`]);
    return ask(app, 'PUT', withDigest(location(streamed), digest));
  },
  'one chunk': async (app: App, repository: string, blob: Content) => {
    const sent = await chunk(app, 'PATCH', await start(app, repository), blob, 0, blob.bytes.length);
    return ask(app, 'PUT', withDigest(location(sent), blob.digest));
  },
  'three chunks': async (app: App, repository: string, blob: Content) => {
    const third = Math.ceil(blob.bytes.length / 3);
    let url = await start(app, repository);
    for (let from = 0; from < blob.bytes.length; from += third) {
      const sent = await chunk(app, 'PATCH', url, blob, from, from + third);
      expect([sent.status, sent.headers.get('range')]).toEqual([
        202,
        `0-${Math.min(from + third, blob.bytes.length) - 1}`,
      ]);
      url = location(sent);
    }
    return ask(app, 'PUT', withDigest(url, blob.digest));
  },
  'chunks, the last in the PUT': async (app: App, repository: string, blob: Content) => {
    const half = blob.bytes.length >> 1;
    const sent = await chunk(app, 'PATCH', await start(app, repository), blob, 0, half);
    return chunk(app, 'PUT', withDigest(location(sent), blob.digest), blob, half, blob.bytes.length);
  },
  'chunks under a named algorithm': async (app: App, repository: string, blob: Content) => {
    const half = blob.bytes.length >> 1;
    const first = await chunk(
      app,
      'PATCH',
      await start(app, repository, `?digest-algorithm=${blob.digest.split(':')[0] ?? ''}`),
      blob,
      0,
      half,
    );
    const second = await chunk(app, 'PATCH', location(first), blob, half, blob.bytes.length);
    return ask(app, 'PUT', withDigest(location(second), blob.digest));
  },
} satisfies Record<string, (app: App, repository: string, blob: Content) => Promise<Response>>;

const everyWay = (['sha256', 'sha512'] as const).flatMap((algorithm) =>
  Object.entries(ways).map(([name, pushIt]) => [name, algorithm, pushIt] as const),
);

/** Distribution-spec, "Pushing blobs". */
export function pushBlobsWorkflow(setUp: SetUpRegistry): void {
  describe('pushing a blob', () => {
    let registry: RunningRegistry;
    const repository = freshRepository();
    beforeAll(async () => {
      registry = await setUp();
    });
    afterAll(() => registry.stop());

    it.each(everyWay)('works by %s, with %s', async (_, algorithm: DigestAlgorithm, pushIt) => {
      const blob = randomBlob(3_001, algorithm);
      const pushed = await pushIt(registry.app, repository, blob);
      expect([pushed.status, pushed.headers.get('docker-content-digest')]).toEqual([201, blob.digest]);
      const pulled = await pull(registry.app, location(pushed));
      expect(pulled.status).toBe(200);
      expect((await bytesOf(pulled)).equals(blob.bytes)).toBe(true);
    });

    it.each(everyWay)(
      'refuses by %s, with %s, bytes that have another digest',
      async (_, algorithm: DigestAlgorithm, pushIt) => {
        const blob = corrupted(randomBlob(3_001, algorithm));
        const refused = await pushIt(registry.app, repository, blob);
        expect([refused.status, await codeOf(refused)]).toEqual([400, 'DIGEST_INVALID']);
        expect((await ask(registry.app, 'HEAD', `/v2/${repository}/blobs/${blob.digest}`)).status).toBe(404);
      },
    );

    it('refuses an algorithm that it does not know', async () => {
      const refused = await ask(registry.app, 'POST', `/v2/${repository}/blobs/uploads/?digest-algorithm=md5`);
      expect([refused.status, await codeOf(refused)]).toEqual([400, 'DIGEST_INVALID']);
    });

    it.each(['PATCH', 'PUT'] as const)(
      'refuses by %s a chunk that is out of order, and says by GET where to go on',
      async (method) => {
        const { app } = registry;
        const blob = randomBlob(3_000);
        const url = await start(app, repository);
        const early = await chunk(
          app,
          method,
          method === 'PUT' ? withDigest(url, blob.digest) : url,
          blob,
          1_000,
          2_000,
        );
        expect([early.status, await codeOf(early)]).toEqual([416, 'RANGE_INVALID']);
        const first = await chunk(app, 'PATCH', url, blob, 0, 1_000);
        const overlapping = await chunk(
          app,
          method,
          method === 'PUT' ? withDigest(location(first), blob.digest) : location(first),
          blob,
          500,
          1_500,
        );
        expect([overlapping.status, overlapping.headers.get('range')]).toEqual([416, '0-999']);
        const status = await ask(app, 'GET', location(overlapping));
        expect([status.status, status.headers.get('range')]).toEqual([204, '0-999']);
        const second = await chunk(app, 'PATCH', location(status), blob, 1_000, 3_000);
        expect((await ask(app, 'PUT', withDigest(location(second), blob.digest))).status).toBe(201);
      },
    );

    it('refuses a chunk that came already, and goes on from its stale URL', async () => {
      const { app } = registry;
      const blob = randomBlob(2_000);
      const stale = await start(app, repository);
      expect((await chunk(app, 'PATCH', stale, blob, 0, 1_000)).status).toBe(202);
      expect((await chunk(app, 'PATCH', stale, blob, 0, 1_000)).status).toBe(416);
      const status = await ask(app, 'GET', stale);
      expect([status.status, status.headers.get('range')]).toEqual([204, '0-999']);
      const second = await chunk(app, 'PATCH', location(status), blob, 1_000, 2_000);
      expect(second.status).toBe(202);
      expect((await ask(app, 'PUT', withDigest(location(second), blob.digest))).status).toBe(201);
    });

    it('can be called off: then the upload is unknown', async () => {
      const { app } = registry;
      const blob = randomBlob(1_000);
      const sent = await chunk(app, 'PATCH', await start(app, repository), blob, 0, 500);
      const url = location(sent);
      expect((await ask(app, 'DELETE', url)).status).toBe(204);
      const after = await Promise.all([
        ask(app, 'GET', url),
        chunk(app, 'PATCH', url, blob, 500, 1_000),
        ask(app, 'PUT', withDigest(url, blob.digest)),
        ask(app, 'DELETE', url),
      ]);
      expect(after.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    });

    it('can be a mount from another repository, or from any', async () => {
      const { app } = registry;
      const [source, target] = [freshRepository(), freshRepository()];
      for (const [from, blob] of [
        [`&from=${source}`, randomBlob(100)],
        ['', randomBlob(100)],
      ] as const) {
        await push(app, source, blob);
        const mounted = await ask(app, 'POST', `/v2/${target}/blobs/uploads/?mount=${blob.digest}${from}`);
        expect([mounted.status, mounted.headers.get('location')]).toEqual([201, `/v2/${target}/blobs/${blob.digest}`]);
        const pulled = await pull(app, `/v2/${target}/blobs/${blob.digest}`);
        expect((await bytesOf(pulled)).equals(blob.bytes)).toBe(true);
      }
    });

    it('starts as an upload where a mount finds nothing', async () => {
      const { app } = registry;
      for (const from of [`&from=${freshRepository()}`, '']) {
        const blob = randomBlob(100);
        const started = await ask(app, 'POST', `/v2/${repository}/blobs/uploads/?mount=${blob.digest}${from}`);
        expect(started.status).toBe(202);
        expect((await ask(app, 'PUT', withDigest(location(started), blob.digest), { body: blob.bytes })).status).toBe(
          201,
        );
      }
    });
  });
}
