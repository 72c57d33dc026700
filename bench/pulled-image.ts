import { digestOf } from '../shared/core/oci/digest.ts';

/** The image that benches of whole servers push and pull: it has no layers. */
export const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux' }));
export const descriptor = {
  mediaType: 'application/vnd.oci.image.config.v1+json',
  digest: digestOf(config),
  size: config.length,
};
export const mediaType = 'application/vnd.oci.image.manifest.v1+json';
/** This manifest is as large as one of an image with ten layers. */
export const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: descriptor,
    layers: [],
    annotations: { filler: 'x'.repeat(1_500) },
  }),
);
export const digest = digestOf(manifest);
