import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import { defined } from './defined.ts';
import type { ManifestDocument } from './manifest.ts';

export type Reference = ManifestDocument['references'][number];

/**
 * More than any client makes. It bounds what one request makes the stores do, and what a manifest's document repeats:
 * an item of Cosmos DB holds 2 MB.
 */
export const maxReferences = 1_000;

/**
 * A descriptor of what is not stored here may claim any size. More than a store's blob can be is not believed, and a
 * thousand of these still make a number that is exact. In bytes.
 */
const maxClaimedBytes = 2 ** 43;

/** What a platform may take up in a document; a longer one stays in the manifest alone. In bytes of JSON. */
const maxPlatformBytes = 200;

/** Each digest that a manifest references, once. */
export function referencedDigests({
  config,
  layers,
  manifests,
}: Pick<Manifest, 'config' | 'layers' | 'manifests'>): Set<Digest> {
  return new Set([...(config === undefined ? [] : [config]), ...layers, ...manifests].map(({ digest }) => digest));
}

/**
 * What a manifest's document repeats of its descriptors: each digest once in a role, an index's also once for each
 * platform, as far as there is room. `stored` are the sizes of those blobs that the push has found in the repository:
 * what an index lists and is among them is a blob.
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
  { digest, size, mediaType, platform }: Descriptor,
  stored: ReadonlyMap<Digest, number>,
): Reference {
  const found = stored.get(digest);
  return {
    role,
    digest,
    size: Math.min(size, maxClaimedBytes),
    ...defined({ stored: found }),
    mediaType,
    ...shortPlatform(platform ?? undefined),
  };
}

/** What else a descriptor's platform holds may be of any size and depth; it stays in the manifest. */
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
 * As `bounded`, of a document that an older version may have written without a bound. Behind the bound the digest alone
 * is left, for that is what keeps blobs.
 */
export function boundedReferences(references: readonly Reference[]): Reference[] {
  return bounded(references.map(({ platform, ...each }) => ({ ...each, ...shortPlatform(platform) }))).map(
    (each, index) => (index < maxReferences ? each : { role: each.role, digest: each.digest, size: 0, mediaType: '' }),
  );
}

/** How large a reference is: as it was measured when it was pushed, or as it is claimed. In bytes. */
export function sizeOf({ size, stored }: Pick<Reference, 'size' | 'stored'>): number {
  return stored ?? Math.min(size, maxClaimedBytes);
}

/** A sum that stays a number which is exact and can be read again, whatever is added up. */
export function sumOfBytes(sizes: Iterable<number>): number {
  let sum = 0;
  for (const size of sizes) sum += size;
  return withinBounds(sum);
}

/**
 * Sums that an older version wrote may be neither whole nor positive any more, once claimed sizes have gone through
 * them.
 */
export function withinBounds(value: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(value)));
}
