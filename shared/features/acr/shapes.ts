import type { Attributes } from '../../core/documents/attributes.ts';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import { sizeOf, sumOfBytes } from '../../core/documents/references.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';

/**
 * The properties with which every answer about a repository begins: the host of the request, and the repository's name.
 */
export interface Whereabouts {
  readonly registry: string;
  readonly imageName: string;
}

/** Formats a time as ACR does, with 7 fractional digits: some of its clients parse that form. */
export function acrTime(iso: string): string {
  return iso.replace(/Z$/, '0000Z');
}

function times({ createdAt, updatedAt }: { readonly createdAt: string; readonly updatedAt: string }) {
  return { createdTime: acrTime(createdAt), lastUpdateTime: acrTime(updatedAt) };
}

export interface RepositoryFigures {
  readonly manifestCount: number;
  readonly tagCount: number;
  /** The time of the last change of its content, or of itself. */
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
  // ACR means Docker Content Trust by it. Here a signature is a referrer, and one that nobody has verified says nothing.
  const signed = tag.signed === true;
  return { name: tag.name, digest: tag.digest, ...times(tag), signed, changeableAttributes: tag.attributes };
}

/**
 * Makes the shape of a manifest with its `tags` in order; without tags the property is absent, by which clients
 * recognize an untagged manifest.
 */
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
