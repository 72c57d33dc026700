export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+json',
  dockerSchema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
} as const;

export const manifestMediaTypes = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
] as const;
export type ManifestMediaType = (typeof manifestMediaTypes)[number];

export function isManifestMediaType(text: string): text is ManifestMediaType {
  return (manifestMediaTypes as readonly string[]).includes(text);
}

export function isIndexMediaType(type: ManifestMediaType): boolean {
  return type === mediaTypes.ociIndex || type === mediaTypes.dockerManifestList;
}

const imageConfigs: readonly string[] = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];

/** Says whether a manifest with a config of this type is an image (image-spec, config.md). */
export function isImageConfigMediaType(text: string): boolean {
  return imageConfigs.includes(text);
}

export function isSchema1(text: string): boolean {
  return text === mediaTypes.dockerSchema1 || text === mediaTypes.dockerSchema1Signed;
}
