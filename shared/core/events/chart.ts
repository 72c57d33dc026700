import { defined } from '../documents/defined.ts';
import type { ManifestDocument } from '../documents/manifest.ts';
import { sizeOf, sumOfBytes } from '../documents/references.ts';
import type { RepositoryName, Tag } from '../oci/name.ts';
import type { EventData } from './catalogue.ts';

/** The media type of the config that `helm push` makes (helm.sh, "Use OCI-based registries"). */
const helmConfig = 'application/vnd.cncf.helm.config.v1+json';

/** The media type by which ACR's events name a chart, whatever that of its manifest is. */
const chartMediaType = 'application/vnd.acr.helm.chart';

type ChartTarget = EventData<'Microsoft.ContainerRegistry.ChartPushed'>['target'];
type Contained = Pick<ManifestDocument, 'digest' | 'references' | 'annotations'>;

export function isChart({ references }: Pick<ManifestDocument, 'references'>): boolean {
  return references.some(({ role, mediaType }) => role === 'config' && mediaType === helmConfig);
}

/**
 * Makes the `target` of a chart's events. Helm writes name and version into the annotations, and requires of a push
 * that the repository ends in the name and that the tag is the version; `+` may not stand in a tag and became `_`.
 */
export function chartTarget(manifest: Contained, repository: RepositoryName, tag: Tag | undefined): ChartTarget {
  const name =
    manifest.annotations?.['org.opencontainers.image.title'] ?? repository.slice(repository.lastIndexOf('/') + 1);
  const version = manifest.annotations?.['org.opencontainers.image.version'] ?? tag?.replaceAll('_', '+');
  const size = sumOfBytes(manifest.references.filter(({ role }) => role === 'layer').map(sizeOf));
  return {
    mediaType: chartMediaType,
    size,
    digest: manifest.digest,
    repository,
    name,
    ...defined({ version, tag: version === undefined ? undefined : `${name}-${version}.tgz` }),
  };
}

/** Names a chart as the subjects of ACR's events do: `mychart:1.0.0`. */
export function chartSubject({ name, version, digest }: ChartTarget): string {
  return version === undefined ? `${name}@${digest}` : `${name}:${version}`;
}
