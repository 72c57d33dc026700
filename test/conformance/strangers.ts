import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, location } from '../shared/image.ts';
import { push, pushAll, randomBlob, randomImage } from './content.ts';
import type { GuardedRegistry } from './registry.ts';
import { freshRepository } from './registry.ts';

/** Declares that a request without credentials gets a challenge for every endpoint, and nothing else. */
export function strangersWorkflow(setUp: () => Promise<GuardedRegistry>): void {
  describe('a request without credentials', () => {
    let registry: GuardedRegistry;
    let upload: string;
    const repository = freshRepository();
    const image = randomImage();
    const blob = randomBlob(100);
    beforeAll(async () => {
      registry = await setUp();
      await pushAll(registry.app, repository, image, 'v1');
      await push(registry.app, repository, blob);
      upload = location(await ask(registry.app, 'POST', `/v2/${repository}/blobs/uploads/`));
    });
    afterAll(() => registry.stop());

    const asked = (): readonly (readonly [method: string, path: string, scope: string])[] => [
      ['GET', 'manifests/v1', 'pull'],
      ['HEAD', `manifests/${image.manifest.digest}`, 'pull'],
      ['GET', `blobs/${blob.digest}`, 'pull'],
      ['HEAD', `blobs/${blob.digest}`, 'pull'],
      ['GET', 'tags/list', 'pull'],
      ['GET', `referrers/${image.manifest.digest}`, 'pull'],
      ['POST', 'blobs/uploads/', 'pull,push'],
      ['POST', `blobs/uploads/?digest=${blob.digest}`, 'pull,push'],
      ...['GET', 'PATCH', 'PUT', 'DELETE'].map(
        (method) => [method, upload.slice(`/v2/${repository}/`.length), 'pull,push'] as const,
      ),
      ['PUT', 'manifests/v1', 'pull,push'],
      ['DELETE', 'manifests/v1', 'delete'],
      ['DELETE', `blobs/${blob.digest}`, 'delete'],
    ];

    it('gets a challenge that names what it needs, at every endpoint', async () => {
      for (const [method, path, actions] of asked()) {
        const refused = await ask(
          registry.stranger,
          method,
          `/v2/${repository}/${path}`,
          method === 'PATCH' || method === 'PUT' ? { body: 'bytes of nobody' } : {},
        );
        expect([method, path, refused.status]).toEqual([method, path, 401]);
        expect(refused.headers.get('www-authenticate')).toContain(`scope="repository:${repository}:${actions}"`);
      }
    });

    it('has changed nothing', async () => {
      expect(
        (await ask(registry.app, 'HEAD', `/v2/${repository}/manifests/v1`)).headers.get('docker-content-digest'),
      ).toBe(image.manifest.digest);
      expect((await ask(registry.app, 'HEAD', `/v2/${repository}/blobs/${blob.digest}`)).status).toBe(200);
      expect((await ask(registry.app, 'PUT', `${upload}&digest=${blob.digest}`, { body: blob.bytes })).status).toBe(
        201,
      );
    });
  });
}
