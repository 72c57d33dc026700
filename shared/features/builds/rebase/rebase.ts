import { defined } from '../../../core/documents/defined.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import type { Descriptor } from '../../../core/oci/descriptor.ts';
import { digestOf } from '../../../core/oci/digest.ts';
import { jsonIn, maxJsonDepth } from '../../../core/oci/json.ts';
import type { StoredImage } from '../../../core/ports/images.ts';
import { firstNotLinked } from '../../../core/transfer/link-blobs.ts';
import { readConfig } from '../bases/image-config.ts';
import type { BuildPorts } from '../ports.ts';
import { attest } from './attest.ts';
import type { RebaseOrder } from './order.ts';
import type { ImageParts, Rebased } from './rebase-image.ts';
import { beginsWithLayers, rebaseImage } from './rebase-image.ts';

export type RebaseOutcome =
  /** The new image was pushed by its digest; no tag was moved. */
  | {
      readonly is: 'rebased';
      readonly image: Pick<StoredImage, 'digest' | 'bytes' | 'mediaType'>;
      readonly conflicts: readonly string[];
    }
  | Exclude<Rebased, { is: 'rebased' }>;

/**
 * Rebases an image, or each image of an index, from what the registry has: layers are linked, configs and manifests are
 * written, and no layer's bytes are moved. The same order makes the same image. Throws `StoreFailure`, `RegistryError`
 * (as a push).
 */
export async function rebase(ports: BuildPorts, order: RebaseOrder): Promise<RebaseOutcome> {
  const outcome =
    order.app.manifest.manifests.length > 0
      ? await rebaseIndex(ports, order)
      : await rebaseOne(ports, order, order.app);
  if (outcome.is === 'rebased') await attest(ports, order, outcome);
  return outcome;
}

/** Returns true for attestations in an index. They describe an old image, and are not carried over. */
const isAttestation = ({ annotations }: Descriptor) =>
  annotations?.['vnd.docker.reference.type'] === 'attestation-manifest';

async function rebaseIndex(ports: BuildPorts, order: RebaseOrder): Promise<RebaseOutcome> {
  const { key, app, cause, next } = order;
  const children = await Promise.all(
    app.manifest.manifests.filter((each) => !isAttestation(each)).map((child) => rebaseChild(ports, order, child)),
  );
  const refused = children.find(({ outcome }) => outcome.is === 'refused');
  if (refused?.outcome.is === 'refused') return { is: 'refused', why: `${refused.platform}: ${refused.outcome.why}` };
  if (children.every(({ outcome }) => outcome.is === 'same')) return { is: 'same' };
  const json = jsonIn(app.bytes) as { annotations?: Record<string, string> } | undefined;
  if (json === undefined) return { is: 'refused', why: `its index is nested more than ${maxJsonDepth} levels deep` };
  const name = nameOf(order);
  const said =
    name === undefined
      ? {}
      : { 'org.opencontainers.image.base.name': name, 'org.opencontainers.image.base.digest': next.digest };
  const manifests = children.map(({ child, outcome }) =>
    outcome.is === 'rebased' ? { ...child, digest: outcome.image.digest, size: outcome.image.bytes.length } : child,
  );
  const bytes = Buffer.from(
    JSON.stringify({
      ...json,
      manifests,
      ...defined({ annotations: json.annotations === undefined ? undefined : { ...json.annotations, ...said } }),
    }),
  );
  const digest = await ports.images.pushImage(key, {
    reference: digestOf(bytes),
    bytes,
    mediaType: app.mediaType,
    cause,
  });
  const conflicts = children.flatMap(({ platform, outcome }) =>
    outcome.is === 'rebased' ? outcome.conflicts.map((each) => `${platform}: ${each}`) : [],
  );
  return { is: 'rebased', image: { digest, bytes, mediaType: app.mediaType }, conflicts };
}

/** Returns the base's name for annotations; a digest in it becomes the new base's. */
function nameOf({ said, next }: RebaseOrder): string | undefined {
  return said?.replace(/@sha256:[0-9a-f]{64}$/, `@${next.digest}`);
}

async function rebaseChild(
  ports: BuildPorts,
  order: RebaseOrder,
  child: Descriptor,
): Promise<{ child: Descriptor; platform: string; outcome: RebaseOutcome }> {
  const platform = [child.platform?.os, child.platform?.architecture, child.platform?.variant]
    .filter(Boolean)
    .join('/');
  const image = await ports.images.readImage(order.key, child.digest);
  return {
    child,
    platform,
    outcome:
      image === undefined
        ? { is: 'refused', why: 'its image is not in the repository' }
        : await rebaseOne(ports, order, image),
  };
}

async function rebaseOne(ports: BuildPorts, order: RebaseOrder, image: StoredImage): Promise<RebaseOutcome> {
  const { key, baseKey, cause } = order;
  const app = await partsOf(ports, key, image);
  if (app === undefined)
    return {
      is: 'refused',
      why:
        'it is not an image with a readable config, which is JSON of at most 1 MiB, nested at most ' +
        `${maxJsonDepth} levels deep`,
    };
  const nextImage = await forPlatform(ports, baseKey, order.next, app, 'readPullable');
  const next = nextImage === undefined ? undefined : await partsOf(ports, baseKey, nextImage);
  if (nextImage === undefined || next === undefined)
    return {
      is: 'refused',
      why: `the new base has no image for ${app.config.os ?? ''}/${app.config.architecture ?? ''}`,
    };
  const old = await oldBaseOf(ports, order, app);
  if (typeof old === 'string') return { is: 'refused', why: old };
  if (order.byLayers === true && !beginsWithLayers(app, old))
    return {
      is: 'refused',
      why:
        'its first layers have other digests than those of the old base, and its pusher may not pull ' +
        'that base, so its config proves nothing about their content',
    };
  const name = nameOf(order);
  const rebased = rebaseImage(app, old, next, name === undefined ? undefined : { name, digest: nextImage.digest });
  if (rebased.is !== 'rebased') return rebased;
  const layers = next.layers.map(({ digest: layer }) => layer);
  const [gone] = await Promise.all([
    firstNotLinked(layers, (layer) => ports.images.mountBlob(baseKey, key, layer)),
    ports.images.storeSmallBlob(key, rebased.config),
  ]);
  if (gone !== undefined) return { is: 'refused', why: `a layer of the new base was deleted: ${gone}` };
  const { mediaType } = image;
  const digest = await ports.images.pushImage(key, {
    reference: digestOf(rebased.manifest),
    bytes: rebased.manifest,
    mediaType,
    cause,
  });
  return { is: 'rebased', image: { digest, bytes: rebased.manifest, mediaType }, conflicts: rebased.conflicts };
}

/** Returns that candidate for the old base with whose layers the image begins, or why there is none. */
async function oldBaseOf(
  ports: BuildPorts,
  { baseKey, old }: RebaseOrder,
  app: ImageParts,
): Promise<ImageParts | string> {
  let read: ImageParts | undefined;
  for (const digest of new Set(old)) {
    const image = await ports.images.readImage(baseKey, digest);
    const fitting = image === undefined ? undefined : await forPlatform(ports, baseKey, image, app);
    const parts = fitting === undefined ? undefined : await partsOf(ports, baseKey, fitting);
    // Platforms may share layers, so a base for another platform does not count.
    if (
      parts === undefined ||
      parts.config.architecture !== app.config.architecture ||
      parts.config.os !== app.config.os
    )
      continue;
    if (parts.config.rootfs.diff_ids.every((diffId, at) => app.config.rootfs.diff_ids[at] === diffId)) return parts;
    read = parts;
  }
  return (
    read ??
    'the base on which it was built is not stored here any more ' +
      `(${old.join(', ') || 'its digest is not known'}): build the image once from its Dockerfile`
  );
}

async function forPlatform(
  { images }: BuildPorts,
  key: RepositoryKey,
  image: StoredImage,
  { config }: ImageParts,
  read: 'readImage' | 'readPullable' = 'readImage',
): Promise<StoredImage | undefined> {
  const { manifests } = image.manifest;
  if (manifests.length === 0) return image;
  const fits = manifests.filter(
    ({ platform }) => platform?.os === config.os && platform?.architecture === config.architecture,
  );
  const exact =
    fits.find(({ platform }) => (platform?.variant ?? '') === (config.variant ?? '')) ??
    (fits.length === 1 ? fits[0] : undefined);
  return exact === undefined ? undefined : images[read](key, exact.digest);
}

async function partsOf(
  ports: BuildPorts,
  key: RepositoryKey,
  { mediaType, manifest, bytes }: StoredImage,
): Promise<ImageParts | undefined> {
  const config = await readConfig(ports, key, manifest);
  const json = jsonIn(bytes);
  return config === undefined || json === undefined
    ? undefined
    : { mediaType, json: json as Record<string, unknown>, layers: manifest.layers, config };
}
