import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { Digest } from '../../../../shared/core/oci/digest.ts';
import { isDigest } from '../../../../shared/core/oci/digest.ts';
import { parseManifest } from '../../../../shared/core/oci/manifest.ts';
import type { ManifestMediaType } from '../../../../shared/core/oci/media-types.ts';
import type { RegistryName, RepositoryName, Tag } from '../../../../shared/core/oci/name.ts';
import type { Source, StoredImage, Target } from '../../../../shared/core/ports/transfer.ts';
import type { Copied, CopyOptions } from '../../../../shared/core/transfer/copy-graph.ts';
import { copyGraph } from '../../../../shared/core/transfer/copy-graph.ts';
import { repositorySource, repositoryTarget } from '../../../../shared/features/registry/transfer.ts';
import type { Actor, Simulated } from '../../../simulation/world.ts';
import { actorIn, cause, simulatedWorld } from '../../../simulation/world.ts';
import { makeIndex } from '../../features/recycle-bin/binned.ts';
import type { TestImage } from '../../image.ts';
import { ask, pushBlob } from '../../image.ts';

export type Made = Pick<TestImage, 'bytes' | 'digest' | 'mediaType'> & Partial<TestImage>;

const keyOf = (repository: string) => ({
  registry: 'default' as RegistryName,
  repository: repository as RepositoryName,
});
export const [dev, prod] = [keyOf('team/dev'), keyOf('team/prod')];

let actors = 0;

/** A process over the world, with calls that can be counted and killed. */
export function processOver(simulated: Simulated): Actor {
  return actorIn(simulated, (actors += 1), {});
}

export function ends(actor: Actor, from = dev, to = prod): { source: Source; target: Target } {
  return {
    source: repositorySource(actor.registry, from, { into: to }),
    target: repositoryTarget(actor.registry, to, { cause, mayRestore: false }),
  };
}

export function copy(actor: Actor, options: Partial<CopyOptions> = {}): Promise<Copied> {
  const { source, target } = ends(actor);
  return copyGraph(source, target, { reference: 'v1' as Tag, tags: ['v1' as Tag], referrers: true, ...options });
}

export interface Worlds extends Simulated {
  readonly app: TestLongshore['app'];
}

export function world(): Worlds {
  const simulated = simulatedWorld();
  return { ...simulated, app: composeForTest({ world: simulated.world }).app };
}

/** Images that are told of by a map, and whose blobs are in a repository. */
export function madeSource(images: readonly Made[], key = dev): Source {
  const stored = new Map(images.map((image) => [image.digest, storedOf(image)]));
  return {
    resolve: (reference) => Promise.resolve(isDigest(reference) ? reference : undefined),
    manifest: (digest) => Promise.resolve(stored.get(digest)),
    async *referrers(subjects) {
      await Promise.resolve();
      for (const { manifest, digest } of stored.values())
        if (manifest.subject !== undefined && subjects.includes(manifest.subject.digest)) yield digest;
    },
    async *tagsAbout() {
      await Promise.resolve();
      yield* [];
    },
    blob: () => ({ is: 'here', key }),
  };
}

function storedOf({ bytes, digest, mediaType }: Made): StoredImage {
  const type = mediaType as ManifestMediaType;
  return { digest: digest as Digest, bytes, mediaType: type, manifest: parseManifest(bytes, type) };
}

export async function pushBlobsOf({ app }: Worlds, images: readonly Made[], repository: string = dev.repository) {
  const blobs = new Map(
    images.flatMap(({ config, layers = [] }) =>
      [...(config === undefined ? [] : [config]), ...layers].map(
        (blob) => [Buffer.from(blob).toString(), blob] as const,
      ),
    ),
  );
  for (const blob of blobs.values()) await pushBlob(app, repository, blob);
}

/** Pushes images in their order: what is listed comes before what lists it. */
export async function pushAll(of: Worlds, images: readonly Made[], tags: Readonly<Record<string, Made>> = {}) {
  await pushBlobsOf(of, images);
  const put = async (reference: string, { bytes, mediaType }: Made) => {
    const path = `/v2/${dev.repository}/manifests/${reference}`;
    const answer = await ask(of.app, 'PUT', path, { body: bytes, headers: { 'content-type': mediaType } });
    if (answer.status !== 201) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`);
  };
  for (const image of images) await put(image.digest, image);
  for (const [tag, image] of Object.entries(tags)) await put(tag, image);
}

/** Returns what a client reads of a repository: manifests by digest and their referrers, blobs, tags. */
export async function readable({ app }: Worlds, repository: string, images: readonly Made[]) {
  const get = async (path: string) => {
    const answer = await ask(app, 'GET', `/v2/${repository}/${path}`);
    return answer.status === 200 ? Buffer.from(await answer.arrayBuffer()).toString() : answer.status;
  };
  const head = async (digest: string) => (await ask(app, 'HEAD', `/v2/${repository}/blobs/${digest}`)).status;
  const list = await ask(app, 'GET', `/v2/${repository}/tags/list`);
  const { tags = [] } = list.status === 200 ? ((await list.json()) as { tags?: string[] }) : {};
  return {
    manifests: await Promise.all(images.map(({ digest }) => get(`manifests/${digest}`))),
    referrers: await Promise.all(images.map(({ digest }) => get(`referrers/${digest}`))),
    blobs: await Promise.all(
      images.flatMap((image) => {
        const { config, layers } = storedOf(image).manifest;
        return [...(config === undefined ? [] : [config]), ...layers].map(({ digest }) => head(digest));
      }),
    ),
    tags: Object.fromEntries(
      await Promise.all(tags.map(async (tag) => [tag, await get(`manifests/${tag}`)] as const)),
    ) as Record<string, string | number>,
  };
}

export const indexOf = (children: readonly Made[], extra: object = {}): Made => makeIndex(children, extra);
