import { isAttestationEntry, isNoPlatform } from '../oci/attestation.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import { defined } from './defined.ts';
import type { ManifestDocument } from './manifest.ts';

export type Reference = ManifestDocument['references'][number];

/**
 * The number of references that a manifest may have, which is more than any client makes. It bounds the store calls of
 * one request, and what a manifest's document repeats: an item of Cosmos DB holds 2 MB.
 */
export const maxReferences = 1_000;

/**
 * A claimed size counts up to this many bytes: a descriptor of content that is not stored here may claim any size. More
 * than a store's blob can be is not believed, and a thousand of these still make an exact number.
 */
const maxClaimedBytes = 2 ** 43;

/** A platform is kept in a document up to this many bytes of JSON; a longer one stays in the manifest alone. */
const maxPlatformBytes = 200;

/** Returns each digest that a manifest references, once. */
export function referencedDigests({
  config,
  layers,
  manifests,
}: Pick<Manifest, 'config' | 'layers' | 'manifests'>): Set<Digest> {
  return new Set([...(config === undefined ? [] : [config]), ...layers, ...manifests].map(({ digest }) => digest));
}

/**
 * Returns the descriptors that a manifest's document repeats: each digest once in a role, an index's also once for each
 * platform, as far as there is room. `stored` are the sizes of the blobs that the push has found in the repository: an
 * index's entry that is among them is a blob.
 */
export function referencesOf(manifest: Manifest, stored: ReadonlyMap<Digest, number>): Reference[] {
  const all = [
    ...(manifest.config === undefined ? [] : [reference('config', manifest.config, stored)]),
    ...manifest.layers.map((layer) => reference('layer', layer, stored)),
    ...manifest.manifests.map((each) => reference(stored.has(each.digest) ? 'layer' : 'manifest', each, stored)),
  ];
  return bounded(all);
}

function reference(
  role: Reference['role'],
  { digest, size, mediaType, platform, annotations }: Descriptor,
  stored: ReadonlyMap<Digest, number>,
): Reference {
  const found = stored.get(digest);
  const isAttestation = role === 'manifest' && !isNoPlatform(platform) && isAttestationEntry({ annotations });
  return {
    role,
    digest,
    size: Math.min(size, maxClaimedBytes),
    ...defined({ stored: found }),
    mediaType,
    ...shortPlatform(platform ?? undefined),
    ...(isAttestation ? { isAttestation } : {}),
  };
}

/**
 * Returns the part of a platform that a document keeps. The rest may be of any size and depth; it stays in the
 * manifest.
 */
function shortPlatform(platform: Descriptor['platform']): Pick<Reference, 'platform'> {
  if (platform?.architecture === undefined || platform.os === undefined) return {};
  const { architecture, os, variant } = platform;
  const known = { architecture, os, ...defined({ variant }) };
  return Buffer.byteLength(JSON.stringify(known)) <= maxPlatformBytes ? { platform: known } : {};
}

function bounded(all: readonly Reference[]): Reference[] {
  const digests = new Set(all.map(({ role, digest }) => `${role} ${digest}`));
  const [seen, listed] = [new Set<string>(), new Set<string>()];
  let room = maxReferences - digests.size;
  return all.filter(({ role, digest, platform }) => {
    const [name, entry] = [`${role} ${digest}`, JSON.stringify([role, digest, platform])];
    if (listed.has(entry) || (seen.has(name) && room <= 0)) return false;
    if (seen.has(name)) room -= 1;
    seen.add(name);
    listed.add(entry);
    return true;
  });
}

/**
 * Bounds the references of a document that an older version may have written without a bound. Behind the bound the
 * digest alone is left, for that is what keeps blobs.
 */
export function boundedReferences(references: readonly Reference[]): Reference[] {
  return bounded(references.map(({ platform, ...each }) => ({ ...each, ...shortPlatform(platform) }))).map(
    (each, index) => (index < maxReferences ? each : { role: each.role, digest: each.digest, size: 0, mediaType: '' }),
  );
}

/** Returns the size of a reference in bytes: as it was measured at the push, or as it is claimed. */
export function sizeOf({ size, stored }: Pick<Reference, 'size' | 'stored'>): number {
  return stored ?? Math.min(size, maxClaimedBytes);
}

/** Adds up sizes to a number that is exact and can be read again, whatever is added up. */
export function sumOfBytes(sizes: Iterable<number>): number {
  let sum = 0;
  for (const size of sizes) sum += size;
  return withinBounds(sum);
}

/**
 * Corrects a sum that an older version wrote: it may be neither whole nor positive any more, once claimed sizes have
 * gone through it.
 */
export function withinBounds(value: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(value)));
}
