import { inBatches } from '../../core/documents/batches.ts';
import { defined } from '../../core/documents/defined.ts';
import { storedAmong } from '../../core/documents/in-repository.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { ownBytes } from '../../core/documents/tag-facts.ts';
import { isAttestationEntry, isNoPlatform } from '../../core/oci/attestation.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import type { Manifest } from '../../core/oci/manifest.ts';
import { isImageConfigMediaType, isIndexMediaType, isManifestMediaType } from '../../core/oci/media-types.ts';
import { cutText } from './bounded.ts';
import type { ImageViewPorts } from './ports.ts';
import { parsedManifest } from './read-image.ts';

interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

export interface ShownPlatform extends Platform {
  readonly digest: Digest;
  readonly bytes: number;
  readonly isHere: boolean;
}

export interface Attestation {
  readonly digest: Digest;
  readonly of?: Digest;
  readonly predicateTypes?: readonly string[];
}

interface Child {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly bytes: number;
  readonly isHere: boolean;
}

/** The manifests of an index, those of indexes in it too. */
export interface IndexContent {
  readonly platforms: readonly ShownPlatform[];
  readonly attestations: readonly Attestation[];
  readonly children: readonly Child[];
  /** Blobs that the index lists itself, as BuildKit's cache does. */
  readonly blobs: readonly Descriptor[];
  readonly isCut: boolean;
}

/** The manifests of an index that are read, nested ones among them: an index may list a thousand. */
const mostChildren = 300;
/** Registries do not hold indexes that are nested deeper than this. */
const deepest = 4;
const digestsAtOnce = 100;

/** Reads what an index lists, level by level: a query for a hundred manifests. Throws `StoreFailure`. */
export async function readIndex(
  ports: Pick<ImageViewPorts, 'documents' | 'images'>,
  key: RepositoryKey,
  index: Manifest,
): Promise<IndexContent> {
  const found: Gathering = { platforms: [], attestations: [], children: [], blobs: [], isCut: false };
  const seen = new Set<string>();
  let level = index.manifests;
  for (let depth = 0; level.length > 0; depth += 1) {
    const some = takeNew(level, seen, found);
    const documents = await readManifests(ports, key, some);
    const nested = [...documents.values()].filter(({ mediaType }) => isIndexMediaType(mediaType));
    for (const entry of some) sortIn(found, entry, documents.get(entry.digest));
    found.isCut ||= depth + 1 === deepest && nested.length > 0;
    const below = depth + 1 === deepest ? [] : nested;
    const parsed = await Promise.all(below.map((document) => parsedManifest(ports, key, document)));
    level = parsed.flatMap((each) => each?.manifests ?? []);
  }
  return found;
}

interface Gathering {
  readonly platforms: ShownPlatform[];
  readonly attestations: Attestation[];
  readonly children: Child[];
  readonly blobs: Descriptor[];
  isCut: boolean;
}

/** Returns the entries that were not met before, as many as are read at all. Blobs are put aside. */
function takeNew(level: readonly Descriptor[], seen: Set<string>, found: Gathering): Descriptor[] {
  const taken: Descriptor[] = [];
  for (const entry of level) {
    const name = JSON.stringify([entry.digest, platformOf(entry.platform)]);
    if (seen.has(name)) continue;
    if (seen.size >= mostChildren) {
      found.isCut = true;
      break;
    }
    seen.add(name);
    if (isManifestMediaType(entry.mediaType)) taken.push(entry);
    else found.blobs.push(entry);
  }
  return taken;
}

async function readManifests(
  ports: Pick<ImageViewPorts, 'documents'>,
  key: RepositoryKey,
  entries: readonly Descriptor[],
): Promise<ReadonlyMap<Digest, ManifestDocument>> {
  const digests = [...new Set(entries.map(({ digest }) => digest))];
  const found = await Promise.all(
    inBatches(digests, digestsAtOnce).map((some) => storedAmong(ports, key, 'manifest', some, manifestDocumentSchema)),
  );
  return new Map(found.flat().map(({ document }) => [document.digest, document]));
}

function sortIn(found: Gathering, entry: Descriptor, document: ManifestDocument | undefined): void {
  const { digest } = entry;
  const isHere = document !== undefined;
  const bytes = isHere ? ownBytes(document) : 0;
  if (isAttestationEntry(entry)) {
    if (!found.attestations.some((each) => each.digest === digest))
      found.attestations.push({ digest, ...subjectOf(entry), ...predicateTypesOf(document) });
    return;
  }
  if (isHere && isIndexMediaType(document.mediaType)) return;
  const isImage = document?.artifactType === undefined || isImageConfigMediaType(document.artifactType);
  const platform = platformOf(entry.platform) ?? (isImage ? platformOf(document?.platform) : undefined);
  if (platform !== undefined) {
    found.platforms.push({ ...platform, digest, bytes, isHere });
    return;
  }
  const artifactType = document?.artifactType ?? entry.artifactType;
  found.children.push({ digest, mediaType: entry.mediaType, ...defined({ artifactType }), bytes, isHere });
}

function subjectOf({ annotations }: Descriptor): { readonly of?: Digest } {
  const of = annotations?.['vnd.docker.reference.digest'] ?? '';
  return isDigest(of) ? { of } : {};
}

function predicateTypesOf(document: ManifestDocument | undefined): { readonly predicateTypes?: string[] } {
  if (document === undefined || !('text' in document.content)) return {};
  const { text } = document.content;
  const types = predicateTypesIn(JSON.parse(text) as object);
  return types.length === 0 ? {} : { predicateTypes: types };
}

const mostPredicateTypes = 20;

/** Returns the predicate types that the layers of a manifest of attestations name: BuildKit's, and cosign's. */
export function predicateTypesIn(manifest: object): string[] {
  const layers = 'layers' in manifest && Array.isArray(manifest.layers) ? (manifest.layers as unknown[]) : [];
  const types = layers.flatMap((layer) => {
    const { annotations = {} } = (layer ?? {}) as { readonly annotations?: Readonly<Record<string, unknown>> | null };
    const type = annotations?.['in-toto.io/predicate-type'] ?? annotations?.predicateType;
    return typeof type === 'string' && type !== '' ? [cutText(type, 500)] : [];
  });
  return [...new Set(types)].slice(0, mostPredicateTypes);
}

/** Reads a platform as far as it names both of its parts: one that is not known is none. */
function platformOf(
  platform:
    | {
        readonly os?: string | undefined;
        readonly architecture?: string | undefined;
        readonly variant?: string | undefined;
        readonly 'os.version'?: unknown;
      }
    | undefined,
): Platform | undefined {
  const { os = '', architecture = '', variant } = platform ?? {};
  const version = platform?.['os.version'];
  if (os === '' || architecture === '' || isNoPlatform({ os, architecture })) return undefined;
  return {
    os: cutText(os, 100),
    architecture: cutText(architecture, 100),
    ...defined({
      variant: variant === undefined || variant === '' ? undefined : cutText(variant, 100),
      osVersion: typeof version === 'string' && version !== '' ? cutText(version, 100) : undefined,
    }),
  };
}
