import { defined } from '../../../core/documents/defined.ts';
import type { Descriptor } from '../../../core/oci/descriptor.ts';
import { digestOf } from '../../../core/oci/digest.ts';
import type { ManifestMediaType } from '../../../core/oci/media-types.ts';
import { mediaTypes } from '../../../core/oci/media-types.ts';
import type { ImageConfig } from '../bases/image-config.ts';
import type { Runtime } from './merge-config.ts';
import { mergeRuntime, reliance } from './merge-config.ts';

/** The parts of an image for one platform: its manifest as JSON, its layers, and its config. */
export interface ImageParts {
  readonly mediaType: ManifestMediaType;
  readonly json: Readonly<Record<string, unknown>>;
  readonly layers: readonly Descriptor[];
  readonly config: ImageConfig;
}

export type Rebased =
  | {
      readonly is: 'rebased';
      readonly manifest: Uint8Array;
      readonly config: Uint8Array;
      readonly conflicts: readonly string[];
    }
  /** The image is on the new base already. */
  | { readonly is: 'same' }
  | { readonly is: 'refused'; readonly why: string };

/** The base that annotations of the new image name, with its digest. */
export interface BaseSaid {
  readonly name: string;
  readonly digest: string;
}

/**
 * Replaces the layers of `old`, on which `app` is built, by those of `next`. It is pure: the same three images give the
 * same bytes, so a repetition makes the same image.
 */
export function rebaseImage(app: ImageParts, old: ImageParts, next: ImageParts, said: BaseSaid | undefined): Rebased {
  const begins = (base: ImageParts) =>
    base.config.rootfs.diff_ids.every((diffId, at) => app.config.rootfs.diff_ids[at] === diffId);
  const why = begins(old)
    ? unfit(app, old, next)
    : 'its first layers are not those of the old base: it was built on another one, or flattened';
  if (why !== undefined && begins(next) && !begins(old)) return { is: 'same' };
  if (why !== undefined) return { is: 'refused', why };
  if (
    JSON.stringify(old.config.rootfs.diff_ids) === JSON.stringify(next.config.rootfs.diff_ids) &&
    sameRuntime(old, next)
  )
    return { is: 'same' };
  const { runtime, conflicts } = mergeRuntime(runtimesOf(app, old, next));
  const config = Buffer.from(JSON.stringify(newConfig(app, old, next, runtime)));
  return { is: 'rebased', manifest: newManifest(app, old, next, { config, said }), config, conflicts };
}

/**
 * Returns whether an image begins with the layers of a base, by their digests in the registry. Its pusher has had the
 * bytes of those, or could pull them, whereas anybody can write any `diff_ids` into a config. Builders that compress
 * layers again make other digests of the same content.
 */
export function beginsWithLayers(app: Pick<ImageParts, 'layers'>, base: Pick<ImageParts, 'layers'>): boolean {
  return base.layers.length > 0 && base.layers.every(({ digest }, at) => app.layers[at]?.digest === digest);
}

function unfit(app: ImageParts, old: ImageParts, next: ImageParts): string | undefined {
  for (const part of ['os', 'architecture', 'variant'] as const) {
    if ((old.config[part] ?? '') !== (next.config[part] ?? ''))
      return `the new base is for another platform: ${part} ${next.config[part] ?? 'unnamed'} in place of ${old.config[part] ?? 'unnamed'}`;
  }
  for (const [name, image] of Object.entries({ image: app, 'old base': old, 'new base': next })) {
    if (image.layers.length !== image.config.rootfs.diff_ids.length)
      return `the ${name} has ${image.layers.length} layers, and its config names ${image.config.rootfs.diff_ids.length}`;
  }
  return reliance(runtimesOf(app, old, next));
}

function runtimesOf(app: ImageParts, old: ImageParts, next: ImageParts): { old: Runtime; next: Runtime; app: Runtime } {
  return { old: old.config.config ?? {}, next: next.config.config ?? {}, app: app.config.config ?? {} };
}

function sameRuntime(a: ImageParts, b: ImageParts): boolean {
  return JSON.stringify(a.config.config ?? {}) === JSON.stringify(b.config.config ?? {});
}

function newConfig(app: ImageParts, old: ImageParts, next: ImageParts, runtime: Runtime): object {
  const { 'os.version': version, 'os.features': features } = next.config as Record<string, unknown>;
  const times = [app.config.created, next.config.created].filter((time) => time !== undefined).sort();
  return {
    ...app.config,
    ...defined({
      'os.version': version,
      'os.features': features,
      created: times.length === 0 ? undefined : times.at(-1),
    }),
    config: runtime,
    rootfs: {
      ...app.config.rootfs,
      diff_ids: [
        ...next.config.rootfs.diff_ids,
        ...app.config.rootfs.diff_ids.slice(old.config.rootfs.diff_ids.length),
      ],
    },
    ...historyOf(app, old, next),
  };
}

/**
 * Returns the history: the base's steps are replaced as its layers are; the image's own steps after the base's last
 * layer stay.
 */
function historyOf(app: ImageParts, old: ImageParts, next: ImageParts): object {
  const [of, before, after] = [app, old, next].map(({ config }) => config.history ?? []);
  if (of === undefined || before === undefined || after === undefined || of.length === 0) return {};
  const isPrefix = before.length > 0 && before.every((step, at) => JSON.stringify(step) === JSON.stringify(of[at]));
  const own = isPrefix ? of.slice(before.length) : afterLayers(of, old.config.rootfs.diff_ids.length);
  return { history: [...after, ...own] };
}

function afterLayers(
  history: NonNullable<ImageConfig['history']>,
  layers: number,
): NonNullable<ImageConfig['history']> {
  let left = layers;
  const at = history.findIndex((step) => left === 0 || (step.empty_layer !== true && (left -= 1) < 0));
  return at === -1 ? [] : history.slice(at);
}

const [docker, oci] = ['application/vnd.docker.image.rootfs.diff.tar', 'application/vnd.oci.image.layer.v1.tar'];

/** Returns a layer's descriptor for a kind of manifest. Docker's and OCI's media types differ, the bytes do not. */
function layerFor(kind: ManifestMediaType, { mediaType, digest, size }: Descriptor): object {
  const isOci = kind === mediaTypes.ociManifest;
  const [from, to] = isOci ? [docker, oci] : [oci, docker];
  const suffix = (type: string) =>
    type.slice(from.length).replace(isOci ? '.gzip' : '+gzip', isOci ? '+gzip' : '.gzip');
  return { mediaType: mediaType.startsWith(from) ? `${to}${suffix(mediaType)}` : mediaType, digest, size };
}

interface NewParts {
  readonly config: Uint8Array;
  readonly said: BaseSaid | undefined;
}

function newManifest(app: ImageParts, old: ImageParts, next: ImageParts, { config, said }: NewParts): Uint8Array {
  const own = (app.json.layers as unknown[]).slice(old.layers.length);
  const annotations = {
    ...(app.json.annotations as Record<string, string> | undefined),
    ...(said === undefined
      ? {}
      : { 'org.opencontainers.image.base.name': said.name, 'org.opencontainers.image.base.digest': said.digest }),
  };
  return Buffer.from(
    JSON.stringify({
      ...app.json,
      config: { ...(app.json.config as object), digest: digestOf(config), size: config.length },
      layers: [...next.layers.map((layer) => layerFor(app.mediaType, layer)), ...own],
      // Docker's schema has no annotations, so they are only written where the manifest has some already.
      ...defined({
        annotations:
          app.mediaType === mediaTypes.ociManifest || app.json.annotations !== undefined ? annotations : undefined,
      }),
    }),
  );
}
