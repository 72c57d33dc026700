import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../shared/app/app.ts';
import { ask, location } from '../shared/image.ts';
import type { Content, Image } from './content.ts';
import {
  bytesOf,
  codeOf,
  content,
  descriptor,
  emptyJson,
  manifestOf,
  push,
  pushAll,
  putContent,
  randomBlob,
  randomImage,
} from './content.ts';
import type { RunningRegistry, SetUpRegistry } from './registry.ts';
import { freshRepository } from './registry.ts';

/** 3.9 MB of annotations: near the size that every registry must take. */
const manyAnnotations = Object.fromEntries(
  Array.from({ length: 390 }, (_, index) => [`large-annotation-${index}`, 'A'.repeat(10_000)]),
);
const absentSubject = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: randomBlob(10).digest,
  size: 123,
};
const foreignLayer = {
  mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  digest: randomBlob(10).digest,
  size: 123_456,
  urls: ['https://store.example.com/layer'],
};

/** Every shape of manifest that clients push. */
const shapes: Readonly<Record<string, () => Image>> = {
  'an image': () => randomImage(),
  'an image by sha512': () => randomImage({ algorithm: 'sha512' }),
  'an image without layers': () => randomImage({ layers: 0 }),
  'a manifest of nearly 4 MiB': () => randomImage({ extra: { annotations: manyAnnotations } }),
  'an image that leaves its own type to the header': () => randomImage({ extra: { mediaType: undefined } }),
  'an artifact': () =>
    randomImage({ config: emptyJson, layers: 1, extra: { artifactType: 'application/vnd.example.thing' } }),
  'an artifact whose only layer is the empty object': () => ({
    manifest: manifestOf({
      artifactType: 'application/vnd.example.none',
      config: descriptor(emptyJson),
      layers: [descriptor(emptyJson)],
    }),
    blobs: [emptyJson],
  }),
  'an artifact whose subject is absent': () => randomImage({ extra: { subject: absentSubject } }),
  'descriptors that carry their data': () => {
    const config = content(Buffer.from(JSON.stringify({ os: 'linux' })), 'application/vnd.oci.image.config.v1+json');
    return {
      manifest: manifestOf({
        config: { ...descriptor(config), data: Buffer.from(config.bytes).toString('base64') },
        layers: [],
      }),
      blobs: [config],
    };
  },
  'layers that must not be distributed': () => randomImage({ layers: 0, extra: { layers: [foreignLayer] } }),
  'properties that no specification knows': () =>
    randomImage({
      extra: { 'com.example.unknown': { deep: [1, { er: true }] }, Headers: { Host: 'elsewhere' }, Query: { n: '1' } },
    }),
  'an empty index': () => ({ manifest: manifestOf({ manifests: [] }), blobs: [] }),
};

async function pushTree(
  app: App,
  repository: string,
  children: readonly Image[],
  extra: object = {},
): Promise<Content> {
  for (const child of children) await pushAll(app, repository, child);
  return manifestOf({
    manifests: children.map(({ manifest }, index) => ({
      ...descriptor(manifest),
      platform: { os: 'linux', architecture: index === 0 ? 'amd64' : 'arm64' },
    })),
    ...extra,
  });
}

/** Distribution-spec, "Pushing Manifests". */
export function pushManifestsWorkflow(setUp: SetUpRegistry): void {
  describe('pushing a manifest', () => {
    let registry: RunningRegistry;
    const repository = freshRepository();
    beforeAll(async () => {
      registry = await setUp();
    });
    afterAll(() => registry.stop());

    const expectPulled = async (pushed: Response, manifest: Content) => {
      expect([pushed.status, pushed.headers.get('docker-content-digest')]).toEqual([201, manifest.digest]);
      const pulled = await ask(registry.app, 'GET', location(pushed));
      expect([pulled.status, pulled.headers.get('content-type'), pulled.headers.get('content-length')]).toEqual([
        200,
        manifest.mediaType,
        String(manifest.bytes.length),
      ]);
      expect((await bytesOf(pulled)).equals(manifest.bytes)).toBe(true);
    };

    it.each(Object.entries(shapes))('takes %s', async (_, make) => {
      const image = make();
      for (const blob of image.blobs) await push(registry.app, repository, blob);
      await expectPulled(
        await putContent(registry.app, repository, image.manifest.digest, image.manifest),
        image.manifest,
      );
    });

    it('takes an index, and an index of indexes', async () => {
      const { app } = registry;
      const index = await pushTree(app, repository, [randomImage(), randomImage()]);
      await expectPulled(await putContent(app, repository, 'index', index), index);
      const nested = manifestOf({ manifests: [descriptor(index)] });
      await expectPulled(await putContent(app, repository, 'nested', nested), nested);
    });

    it('puts several tags on one manifest at once, by either algorithm', async () => {
      const { app } = registry;
      for (const algorithm of ['sha256', 'sha512'] as const) {
        const image = randomImage({ algorithm });
        for (const blob of image.blobs) await push(app, repository, blob);
        const tags = Array.from({ length: 10 }, (_, index) => `${algorithm}-${index}`);
        const pushed = await putContent(
          app,
          repository,
          `${image.manifest.digest}?${tags.map((tag) => `tag=${tag}`).join('&')}`,
          image.manifest,
        );
        await expectPulled(pushed, image.manifest);
        expect(pushed.headers.get('oci-tag')?.split(', ')).toEqual(tags);
        for (const tag of tags) {
          const head = await ask(app, 'HEAD', `/v2/${repository}/manifests/${tag}`);
          expect(head.headers.get('docker-content-digest')).toBe(image.manifest.digest);
        }
      }
    });

    it('says that it knows the subject, be it there or not', async () => {
      const { app } = registry;
      const subject = randomImage();
      await pushAll(app, repository, subject, 'subject');
      for (const each of [descriptor(subject.manifest), absentSubject]) {
        const image = randomImage({ extra: { subject: each } });
        for (const blob of image.blobs) await push(app, repository, blob);
        expect(
          (await putContent(app, repository, image.manifest.digest, image.manifest)).headers.get('oci-subject'),
        ).toBe(each.digest);
      }
    });

    it('refuses bytes that do not have the digest in the URL', async () => {
      const image = randomImage();
      for (const blob of image.blobs) await push(registry.app, repository, blob);
      const other = { ...image.manifest, bytes: Buffer.concat([image.manifest.bytes, Buffer.from('  ')]) };
      const refused = await putContent(registry.app, repository, image.manifest.digest, other);
      expect([refused.status, await codeOf(refused)]).toEqual([400, 'DIGEST_INVALID']);
      expect((await putContent(registry.app, repository, 'sha256:baddigeststring', image.manifest)).status).toBe(400);
    });
  });
}
