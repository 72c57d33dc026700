import type { Digest } from '../../shared/core/oci/digest.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';

export interface SimulatedManifest {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly blobs: readonly Digest[];
  readonly children: readonly Digest[];
  readonly subject: Digest | undefined;
}

export const blobs = ['config', 'base', 'layer', 'signature'].map((text) => {
  const bytes = Buffer.from(`the ${text} of the simulation`);
  return { bytes, digest: digestOf(bytes) };
});

function blob(index: number) {
  const found = blobs[index];
  if (found === undefined) throw new TypeError(`no blob ${index}`);
  return { mediaType: 'application/octet-stream', digest: found.digest, size: found.bytes.length };
}

function manifest(
  name: string,
  content: object,
  of: Omit<SimulatedManifest, 'name' | 'bytes' | 'digest' | 'mediaType'>,
  mediaType: string,
): SimulatedManifest {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...content }));
  return { name, bytes, digest: digestOf(bytes), mediaType, ...of };
}

function image(
  name: string,
  config: number,
  layers: readonly number[],
  subject?: SimulatedManifest,
): SimulatedManifest {
  const all = [config, ...layers].map((index) => blob(index));
  const content = {
    artifactType: `application/${name}`,
    config: blob(config),
    layers: layers.map(blob),
    ...(subject === undefined ? {} : { subject: descriptor(subject) }),
  };
  return manifest(
    name,
    content,
    { blobs: [...new Set(all.map(({ digest }) => digest))], children: [], subject: subject?.digest },
    mediaTypes.ociManifest,
  );
}

/** `listed` are blobs that stand among its manifests, as BuildKit's cache has them. */
function index(
  name: string,
  children: readonly SimulatedManifest[],
  listed: readonly number[] = [],
): SimulatedManifest {
  const content = {
    artifactType: `application/${name}`,
    manifests: [...listed.map(blob), ...children.map(descriptor)],
  };
  return manifest(
    name,
    content,
    { blobs: listed.map((at) => blob(at).digest), children: children.map(({ digest }) => digest), subject: undefined },
    mediaTypes.ociIndex,
  );
}

function descriptor({ mediaType, digest, bytes }: SimulatedManifest) {
  return { mediaType, digest, size: bytes.length };
}

/**
 * Two images that share a layer, an index of both and one of the first, signatures of an image and of an index, and a
 * cache that lists blobs beside an image.
 */
export const amd64 = image('amd64', 0, [1]);
export const arm64 = image('arm64', 0, [1, 2]);
export const both = index('both', [amd64, arm64]);
export const single = index('single', [amd64]);
export const signedImage = image('signed-image', 3, [], amd64);
export const signedIndex = image('signed-index', 3, [0], both);
const cache = index('cache', [amd64], [1, 2]);
export const manifests = [amd64, arm64, both, single, signedImage, signedIndex, cache];

export function manifestBy(digest: Digest): SimulatedManifest {
  const found = manifests.find((each) => each.digest === digest);
  if (found === undefined) throw new TypeError(`no manifest ${digest}`);
  return found;
}
