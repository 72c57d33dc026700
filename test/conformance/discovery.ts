import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../shared/app/app.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { ask } from '../shared/image.ts';
import type { Image } from './content.ts';
import { codeOf, descriptor, emptyJson, manifestOf, pushAll, putContent, randomBlob, randomImage } from './content.ts';
import type { RunningRegistry, SetUpRegistry } from './registry.ts';
import { freshRepository } from './registry.ts';

async function tagsOf(
  app: App,
  repository: string,
  query = '',
): Promise<{ status: number; tags: string[]; link: string | null }> {
  const listed = await ask(app, 'GET', `/v2/${repository}/tags/list${query}`);
  const { tags } = (await listed.json()) as { tags: string[] };
  return { status: listed.status, tags, link: listed.headers.get('link') };
}

interface Referrer {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Record<string, string>;
}

async function referrersOf(app: App, path: string): Promise<{ response: Response; manifests: Referrer[] }> {
  const response = await ask(app, 'GET', path);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, mediaTypes.ociIndex]);
  const index = (await response.json()) as { schemaVersion: number; mediaType: string; manifests: Referrer[] };
  expect([index.schemaVersion, index.mediaType]).toEqual([2, mediaTypes.ociIndex]);
  return { response, manifests: index.manifests };
}

function nextOf(response: Response): string | undefined {
  return /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
}

/** Distribution-spec, "Listing Tags". */
function tagsWorkflow(setUp: SetUpRegistry): void {
  describe('listing tags', () => {
    let registry: RunningRegistry;
    const repository = freshRepository();
    // In ASCII order, which is not the order in which they are pushed.
    const tags = ['1.0', '1.10', '1.9', 'Latest', '_x', 'latest', 'test0'];
    beforeAll(async () => {
      registry = await setUp();
      const image = randomImage();
      await pushAll(registry.app, repository, image);
      for (const tag of [...tags].reverse()) await putContent(registry.app, repository, tag, image.manifest);
    });
    afterAll(() => registry.stop());

    it('gives all of them in ASCII order', async () => {
      expect(await tagsOf(registry.app, repository)).toEqual({ status: 200, tags, link: null });
    });

    it('gives as many as are asked for, and where to go on', async () => {
      const page = await tagsOf(registry.app, repository, '?n=3');
      expect(page).toEqual({
        status: 200,
        tags: tags.slice(0, 3),
        link: `</v2/${repository}/tags/list?last=1.9&n=3>; rel="next"`,
      });
      expect((await tagsOf(registry.app, repository, '?n=7')).link).toBeNull();
    });

    it('gives those behind the last one, be that one there or not', async () => {
      expect((await tagsOf(registry.app, repository, '?last=1.9')).tags).toEqual(tags.slice(3));
      expect((await tagsOf(registry.app, repository, '?last=1.8&n=2')).tags).toEqual(['1.9', 'Latest']);
      expect(await tagsOf(registry.app, repository, '?last=zzz')).toEqual({ status: 200, tags: [], link: null });
    });

    it('gives every tag once when the links are followed', async () => {
      const seen: string[] = [];
      for (let path: string | undefined = `/v2/${repository}/tags/list?n=2`; path !== undefined;) {
        const page = await ask(registry.app, 'GET', path);
        seen.push(...((await page.json()) as { tags: string[] }).tags);
        path = nextOf(page);
      }
      expect(seen).toEqual(tags);
    });

    it('gives none for n=0, and no link', async () => {
      expect(await tagsOf(registry.app, repository, '?n=0')).toEqual({ status: 200, tags: [], link: null });
    });

    it('gives none where a repository has only manifests, and knows no repository that has nothing', async () => {
      const untagged = freshRepository();
      await pushAll(registry.app, untagged, randomImage());
      expect((await tagsOf(registry.app, untagged)).tags).toEqual([]);
      for (const query of ['', '?n=0', '?last=a']) {
        const unknown = await ask(registry.app, 'GET', `/v2/${freshRepository()}/tags/list${query}`);
        expect([unknown.status, await codeOf(unknown)]).toEqual([404, 'NAME_UNKNOWN']);
      }
    });
  });
}

/** Returns manifests that name a subject, each with the artifact type by which it must be listed. */
function referrersTo(subject: Image): { readonly image: Image; readonly artifactType: string | undefined }[] {
  const about = (n: number, extra: object = {}) => ({
    subject: descriptor(subject.manifest),
    annotations: { 'org.example.n': String(n) },
    ...extra,
  });
  return [
    { image: randomImage({ extra: about(0) }), artifactType: 'application/vnd.oci.image.config.v1+json' },
    {
      image: randomImage({ config: emptyJson, extra: about(1, { artifactType: 'application/vnd.example.sbom' }) }),
      artifactType: 'application/vnd.example.sbom',
    },
    {
      image: randomImage({ config: emptyJson, extra: about(2, { artifactType: 'application/vnd.example.signature' }) }),
      artifactType: 'application/vnd.example.signature',
    },
    { image: { manifest: manifestOf({ manifests: [], ...about(3) }), blobs: [] }, artifactType: undefined },
    {
      image: { manifest: manifestOf({ manifests: [], ...about(6, { artifactType: '' }) }), blobs: [] },
      artifactType: undefined,
    },
    {
      image: {
        manifest: manifestOf({ manifests: [], ...about(4, { artifactType: 'application/vnd.example.sbom' }) }),
        blobs: [],
      },
      artifactType: 'application/vnd.example.sbom',
    },
    {
      image: randomImage({ extra: about(5, { artifactType: '', annotations: { large: 'x'.repeat(100_000) } }) }),
      artifactType: 'application/vnd.oci.image.config.v1+json',
    },
  ];
}

/** Distribution-spec, "Listing Referrers". */
function referrersWorkflow(setUp: SetUpRegistry): void {
  describe('listing referrers', () => {
    let registry: RunningRegistry;
    const repository = freshRepository();
    const subject = randomImage();
    const referrers = referrersTo(subject);
    const path = `/v2/${repository}/referrers/${subject.manifest.digest}`;
    beforeAll(async () => {
      registry = await setUp();
      // Before and after the subject.
      for (const { image } of referrers.slice(0, 3)) await pushAll(registry.app, repository, image);
      await pushAll(registry.app, repository, subject, 'subject');
      for (const { image } of referrers.slice(3)) await pushAll(registry.app, repository, image);
    });
    afterAll(() => registry.stop());

    it('gives an empty index for a subject or a repository that nobody knows', async () => {
      for (const unknown of [
        `/v2/${repository}/referrers/${randomBlob(10).digest}`,
        `/v2/${freshRepository()}/referrers/${randomBlob(10, 'sha512').digest}`,
      ]) {
        expect((await referrersOf(registry.app, unknown)).manifests).toEqual([]);
      }
    });

    it('gives a descriptor of each, with its type and annotations', async () => {
      const { manifests } = await referrersOf(registry.app, path);
      const expected = referrers.map(({ image: { manifest }, artifactType }) => {
        const { annotations } = JSON.parse(Buffer.from(manifest.bytes).toString()) as { annotations: object };
        return { ...descriptor(manifest), ...(artifactType === undefined ? {} : { artifactType }), annotations };
      });
      expect(manifests).toHaveLength(referrers.length);
      expect(manifests).toEqual(expect.arrayContaining(expected));
    });

    it('gives those of one type, and says that it chose', async () => {
      const { response, manifests } = await referrersOf(
        registry.app,
        `${path}?artifactType=${encodeURIComponent('application/vnd.example.sbom')}`,
      );
      expect(response.headers.get('oci-filters-applied')).toBe('artifactType');
      expect(manifests.map(({ digest }) => digest).sort()).toEqual(
        referrers
          .filter(({ artifactType }) => artifactType === 'application/vnd.example.sbom')
          .map(({ image }) => image.manifest.digest)
          .sort(),
      );
      expect((await referrersOf(registry.app, path)).response.headers.get('oci-filters-applied')).toBeNull();
    });

    it('gives every one once when the links are followed', async () => {
      const seen: string[] = [];
      for (let page: string | undefined = `${path}?n=2`; page !== undefined;) {
        const { response, manifests } = await referrersOf(registry.app, page);
        seen.push(...manifests.map(({ digest }) => digest));
        page = nextOf(response);
      }
      expect([...seen].sort()).toEqual(referrers.map(({ image }) => image.manifest.digest).sort());
    });

    it('refuses what is no digest', async () => {
      const refused = await ask(registry.app, 'GET', `/v2/${repository}/referrers/sha256:short`);
      expect([refused.status, await codeOf(refused)]).toEqual([400, 'DIGEST_INVALID']);
    });

    it('forgets those that are deleted', async () => {
      const { image } = referrers[1] ?? { image: subject };
      expect((await ask(registry.app, 'DELETE', `/v2/${repository}/manifests/${image.manifest.digest}`)).status).toBe(
        202,
      );
      const { manifests } = await referrersOf(registry.app, path);
      expect(manifests.map(({ digest }) => digest)).not.toContain(image.manifest.digest);
      expect(manifests).toHaveLength(referrers.length - 1);
    });
  });
}

export function discoveryWorkflow(setUp: SetUpRegistry): void {
  tagsWorkflow(setUp);
  referrersWorkflow(setUp);
}
