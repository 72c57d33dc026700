import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../shared/image.ts';
import { push, pushAll, putContent, randomBlob, randomImage } from './content.ts';
import type { RunningRegistry, SetUpRegistry } from './registry.ts';
import { freshRepository } from './registry.ts';

/** Distribution-spec, "Content Management". */
export function managementWorkflow(setUp: SetUpRegistry): void {
  describe('deleting', () => {
    let registry: RunningRegistry;
    const repository = freshRepository();
    const status = async (method: string, path: string) =>
      (await ask(registry.app, method, `/v2/${repository}/${path}`)).status;
    beforeAll(async () => {
      registry = await setUp();
    });
    afterAll(() => registry.stop());

    it('takes a tag, and leaves the manifest', async () => {
      const image = randomImage();
      await pushAll(registry.app, repository, image, 'one');
      await putContent(registry.app, repository, 'two', image.manifest);
      expect(await status('GET', 'manifests/one')).toBe(200);
      expect(await status('DELETE', 'manifests/one')).toBe(202);
      expect(await status('GET', 'manifests/one')).toBe(404);
      expect(await status('GET', 'manifests/two')).toBe(200);
      expect(await status('GET', `manifests/${image.manifest.digest}`)).toBe(200);
      expect(await status('DELETE', 'manifests/one')).toBe(404);
    });

    it('takes a manifest with all its tags, at once', async () => {
      const image = randomImage();
      await pushAll(registry.app, repository, image, 'three');
      await putContent(registry.app, repository, 'four', image.manifest);
      expect(await status('GET', `manifests/${image.manifest.digest}`)).toBe(200);
      expect(await status('DELETE', `manifests/${image.manifest.digest}`)).toBe(202);
      for (const reference of [image.manifest.digest, 'three', 'four'])
        expect(await status('GET', `manifests/${reference}`)).toBe(404);
      expect(await status('DELETE', `manifests/${image.manifest.digest}`)).toBe(404);
    });

    it('takes a blob from this repository and from no other', async () => {
      const blob = randomBlob(300);
      const other = freshRepository();
      await push(registry.app, repository, blob);
      await push(registry.app, other, blob);
      expect(await status('DELETE', `blobs/${blob.digest}`)).toBe(202);
      expect(await status('GET', `blobs/${blob.digest}`)).toBe(404);
      expect(await status('HEAD', `blobs/${blob.digest}`)).toBe(404);
      expect(await status('DELETE', `blobs/${blob.digest}`)).toBe(404);
      expect((await ask(registry.app, 'HEAD', `/v2/${other}/blobs/${blob.digest}`)).status).toBe(200);
    });

    it('lets what was deleted be pushed again', async () => {
      const image = randomImage();
      await pushAll(registry.app, repository, image, 'again');
      // A manifest's blobs are deleted with it, and not before.
      for (const { digest } of image.blobs) expect(await status('DELETE', `blobs/${digest}`)).toBe(405);
      expect(await status('DELETE', `manifests/${image.manifest.digest}`)).toBe(202);
      for (const { digest } of image.blobs) expect(await status('DELETE', `blobs/${digest}`)).toBe(405);
      await pushAll(registry.app, repository, image, 'again');
      expect(await status('GET', 'manifests/again')).toBe(200);
    });
  });
}
