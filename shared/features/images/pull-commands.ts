import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { isImageConfigMediaType } from '../../core/oci/media-types.ts';

/** The clients, and the files, that a pull command is made for. */
export const pullClients = [
  'docker',
  'podman',
  'nerdctl',
  'skopeo',
  'crane',
  'kubernetes',
  'dockerfile',
  'oras',
  'helm',
] as const;
type PullClient = (typeof pullClients)[number];

export interface PullCommand {
  readonly client: PullClient;
  readonly command: string;
  readonly pinned: string;
}

type Write = (image: string) => string;

const forImages: readonly (readonly [PullClient, Write])[] = [
  ['docker', (image) => `docker pull ${image}`],
  ['podman', (image) => `podman pull ${image}`],
  ['nerdctl', (image) => `nerdctl pull ${image}`],
  ['skopeo', (image) => `skopeo copy docker://${image} oci:./image`],
  ['crane', (image) => `crane pull ${image} image.tar`],
  ['kubernetes', (image) => `image: ${image}`],
  ['dockerfile', (image) => `FROM ${image}`],
];

const forArtifacts: readonly (readonly [PullClient, Write])[] = [
  ['oras', (image) => `oras pull ${image}`],
  ['podman', (image) => `podman artifact pull ${image}`],
  ['skopeo', (image) => `skopeo copy docker://${image} oci:./artifact`],
  ['crane', (image) => `crane manifest ${image}`],
];

const helmConfig = 'application/vnd.cncf.helm.config.v1+json';

/** The image of a command, and the host that the caller has asked. */
export interface Pulled {
  readonly host: string;
  readonly repository: string;
  readonly reference: string;
  readonly digest: Digest;
  readonly isIndex: boolean;
  readonly artifactType: string | undefined;
}

/**
 * Makes the commands that pull an image or an artifact. Each has a variant with the digest, which pulls the same bytes
 * for ever. Names of repositories and tags have no character that a shell would read otherwise.
 */
export function pullCommands({ host, repository, reference, digest, isIndex, artifactType }: Pulled): PullCommand[] {
  const name = `${host}/${repository}`;
  const pinned = `${name}@${digest}`;
  const asked = isDigest(reference) ? pinned : `${name}:${reference}`;
  if (artifactType === helmConfig)
    return [helmCommand(name, reference, digest), ...written(forArtifacts, asked, pinned)];
  // An index without a type of its own is one of images, as far as its own manifest says.
  const isImage = artifactType === undefined ? isIndex : isImageConfigMediaType(artifactType);
  return written(isImage ? forImages : forArtifacts, asked, pinned);
}

function written(all: typeof forImages, asked: string, pinned: string): PullCommand[] {
  return all.map(([client, write]) => ({ client, command: write(asked), pinned: write(pinned) }));
}

/** Helm takes the version of a chart apart from its name, and writes a plus, which no tag has, as an underscore. */
function helmCommand(name: string, reference: string, digest: Digest): PullCommand {
  const chart = `helm pull oci://${name}`;
  const pinned = `${chart}@${digest}`;
  const command = isDigest(reference) ? pinned : `${chart} --version ${reference.replaceAll('_', '+')}`;
  return { client: 'helm', command, pinned };
}
