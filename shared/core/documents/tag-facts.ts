import { isNoPlatform } from '../oci/attestation.ts';
import type { Digest } from '../oci/digest.ts';
import { defined } from './defined.ts';
import type { ManifestDocument } from './manifest.ts';
import { sizeOf, sumOfBytes } from './references.ts';
import type { TagRow } from './tag-row.ts';
import { maxPlatforms } from './tag-row.ts';

type Described = Pick<ManifestDocument, 'mediaType' | 'artifactType' | 'references' | 'platform'>;

/** Returns what a client pulls of one manifest beside the manifests that it lists: config and layers, each once. */
export function ownBytes({ references }: Pick<ManifestDocument, 'references'>): number {
  const blobs = new Map(references.filter(({ role }) => role !== 'manifest').map((each) => [each.digest, each]));
  return sumOfBytes([...blobs.values()].map(sizeOf));
}

function isAttestation({ isAttestation: isMarked, platform }: ManifestDocument['references'][number]): boolean {
  return isMarked === true || isNoPlatform(platform);
}

/**
 * Makes the row of a tag: the one place that says what lists show of a manifest. `children` are the bytes of the
 * manifests that an index lists, as far as they are known.
 */
export function tagRowOf(manifest: Described, children: ReadonlyMap<Digest, number>): TagRow {
  const { mediaType, artifactType, references } = manifest;
  const listed = references.filter(({ role }) => role === 'manifest');
  const images = listed.filter((each) => !isAttestation(each));
  const platforms =
    listed.length === 0 ? ownPlatform(manifest) : images.flatMap((each) => listedPlatform(each, children));
  const pulled = new Set(images.map(({ digest }) => digest));
  return {
    mediaType,
    ...defined({ artifactType }),
    bytes: sumOfBytes([ownBytes(manifest), ...[...pulled].map((digest) => children.get(digest) ?? 0)]),
    platforms: platforms.slice(0, maxPlatforms),
    attestations: new Set(listed.filter(isAttestation).map(({ digest }) => digest)).size,
  };
}

type Platforms = TagRow['platforms'];

function ownPlatform({ platform }: Described): Platforms {
  // The config of an attestation names unknown/unknown too: it runs on nothing.
  return platform?.os === undefined || platform.architecture === undefined || isNoPlatform(platform)
    ? []
    : [{ os: platform.os, architecture: platform.architecture }];
}

function listedPlatform(
  { digest, platform }: ManifestDocument['references'][number],
  children: ReadonlyMap<Digest, number>,
): Platforms {
  return platform === undefined ? [] : [{ ...platform, digest, ...defined({ bytes: children.get(digest) }) }];
}
