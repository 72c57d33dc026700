import type { Attributes } from '../../core/documents/attributes.ts';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import { sizeOf, sumOfBytes } from '../../core/documents/references.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';

/** What every answer about a repository begins with: the host that was asked, and the repository's name. */
export interface Whereabouts {
  readonly registry: string;
  readonly imageName: string;
}

/** ACR writes times with 7 fractional digits, and some of its clients parse by that form. */
export function acrTime(iso: string): string {
  return iso.replace(/Z$/, '0000Z');
}

function times({ createdAt, updatedAt }: { readonly createdAt: string; readonly updatedAt: string }) {
  return { createdTime: acrTime(createdAt), lastUpdateTime: acrTime(updatedAt) };
}

export interface RepositoryFigures {
  readonly manifestCount: number;
  readonly tagCount: number;
  /** Of what it holds, or of itself. */
  readonly lastUpdatedAt: string;
}

export function repositoryShape(
  where: Whereabouts,
  entry: RepositoryDocument,
  { manifestCount, tagCount, lastUpdatedAt }: RepositoryFigures,
) {
  return {
    ...where,
    ...times({ ...entry, updatedAt: lastUpdatedAt }),
    manifestCount,
    tagCount,
    changeableAttributes: entry.attributes,
  };
}

export function tagShape(tag: TagDocument) {
  // `signed` tells of Docker Content Trust, which this registry does not serve: signatures are referrers.
  return { name: tag.name, digest: tag.digest, ...times(tag), signed: false, changeableAttributes: tag.attributes };
}

/** `tags` in order; where there are none the property is absent, which is how clients tell an untagged manifest. */
export function manifestShape(manifest: ManifestDocument, tags: readonly string[]) {
  const { digest, mediaType, platform, references } = manifest;
  const config = references.find(({ role }) => role === 'config');
  const children = references.filter(({ role }) => role === 'manifest');
  return {
    digest,
    imageSize: sumOfBytes(references.map(sizeOf)),
    ...times(manifest),
    ...platform,
    mediaType,
    ...defined({
      configMediaType: config?.mediaType,
      tags: tags.length === 0 ? undefined : tags,
      references: children.length === 0 ? undefined : children.map(childShape),
    }),
    changeableAttributes: manifestAttributes(manifest),
  };
}

function childShape({ digest, platform }: ManifestDocument['references'][number]) {
  return platform === undefined ? { digest } : { digest, architecture: platform.architecture, os: platform.os };
}

function manifestAttributes({
  attributes,
  quarantine,
}: ManifestDocument): Attributes & { quarantineState?: string; quarantineDetails?: string } {
  return {
    ...attributes,
    ...defined({ quarantineState: quarantine?.state, quarantineDetails: quarantine?.details }),
  };
}
