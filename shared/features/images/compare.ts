import { defined } from '../../core/documents/defined.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { sumOfBytes } from '../../core/documents/references.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { isIndexMediaType } from '../../core/oci/media-types.ts';
import type { Tag } from '../../core/oci/name.ts';
import { differences } from './compare-configs.ts';
import type { ParsedConfig } from './config.ts';
import { showHistory } from './dockerfile.ts';
import type { ShownPlatform } from './index-content.ts';
import { readIndex } from './index-content.ts';
import type { ImageViewPorts } from './ports.ts';
import type { FoundImage } from './read-image.ts';
import { findImage, readConfig, storedSize } from './read-image.ts';

/** An image of this registry, as a caller names it. */
export interface NamedImage {
  readonly key: RepositoryKey;
  readonly reference: Tag | Digest;
}

const mostLayers = 1_000;

/**
 * Compares two images, or of two indexes the manifests for one platform: their configs, their layers, and what who has
 * the first must pull for the second. Throws `RegistryError` (`thing-unknown`, `request-invalid`), `StoreFailure`.
 */
export async function compareImages(ports: ImageViewPorts, from: NamedImage, to: NamedImage, platform?: string) {
  const named = await Promise.all([side(ports, from), side(ports, to)]);
  const chosen = choosePlatform(named, platform);
  const [one, other] = await Promise.all([ofPlatform(ports, named[0], chosen), ofPlatform(ports, named[1], chosen)]);
  const [a, b] = await Promise.all([contentOf(ports, one), contentOf(ports, other)]);
  const layers = comparedLayers(a, b);
  const config = 'problem' in a || 'problem' in b ? undefined : differences(a.config.shown, b.config.shown);
  const problem = 'problem' in a ? a.problem : 'problem' in b ? b.problem : undefined;
  const both = named.every(({ platforms }) => platforms.length > 0) ? commonPlatforms(named) : undefined;
  return {
    from: shownSide(from, named[0].image, one),
    to: shownSide(to, named[1].image, other),
    ...defined({ platform: chosen, platforms: both }),
    config: config?.changes ?? [],
    ...defined({
      configProblem: config === undefined ? (problem ?? 'one of them is no image, so it has no config') : undefined,
    }),
    layers: layers.shown,
    bytes: comparedBytes(a, b),
    ...defined({ more: layers.isCut || config?.isCut === true ? true : undefined }),
  };
}

interface Side {
  readonly image: FoundImage;
  readonly platforms: readonly ShownPlatform[];
}

async function side(ports: ImageViewPorts, { key, reference }: NamedImage): Promise<Side> {
  const image = await findImage(ports, key, reference);
  const isIndex = isIndexMediaType(image.document.mediaType);
  return { image, platforms: isIndex ? (await readIndex(ports, key, image.manifest)).platforms : [] };
}

function shownSide({ key, reference }: NamedImage, named: FoundImage, compared: FoundImage) {
  const { digest: manifest, mediaType } = compared.document;
  return { repository: key.repository, reference, digest: named.document.digest, manifest, mediaType };
}

function nameOf({ os, architecture, variant }: Pick<ShownPlatform, 'os' | 'architecture' | 'variant'>): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

const mostPlatforms = 100;

function commonPlatforms([one, other]: readonly Side[]): string[] {
  const names = new Set(other?.platforms.map(nameOf));
  return [...new Set(one?.platforms.map(nameOf))].filter((name) => names.has(name)).slice(0, mostPlatforms);
}

/** Chooses the platform to compare; `undefined` where neither side is an index. Throws `RegistryError`. */
function choosePlatform(sides: readonly [Side, Side], asked: string | undefined): string | undefined {
  const indexes = sides.filter(({ image }) => isIndexMediaType(image.document.mediaType));
  const [first] = indexes;
  if (first === undefined || asked !== undefined) return asked;
  if (indexes.length === 1)
    return platformFor(
      sides.find((each) => !indexes.includes(each)),
      first,
    );
  const common = commonPlatforms(sides);
  const chosen = common.includes('linux/amd64') ? 'linux/amd64' : common[0];
  if (chosen !== undefined) return chosen;
  throw new RegistryError({
    is: 'request-invalid',
    why: 'the two indexes have no platform in common, so compare two manifests of them by their digests',
  });
}

/** Returns the platform of an image that an index is compared with, or else the first of the index. */
function platformFor(image: Side | undefined, { platforms }: Side): string | undefined {
  const { os = '', architecture = '' } = image?.image.document.platform ?? {};
  const same = platforms.find((each) => each.os === os && each.architecture === architecture) ?? platforms[0];
  return same === undefined ? undefined : nameOf(same);
}

/** Returns the manifest of a side for a platform. Throws `RegistryError` (`thing-unknown`). */
async function ofPlatform(ports: ImageViewPorts, { image, platforms }: Side, chosen: string | undefined) {
  if (!isIndexMediaType(image.document.mediaType)) return image;
  const found = platforms.find((each) => nameOf(each) === chosen);
  if (found === undefined) {
    const has = platforms.length === 0 ? 'none' : platforms.slice(0, 20).map(nameOf).join(', ');
    throw new RegistryError({
      is: 'thing-unknown',
      code: 'platformNotFound',
      what: `platform ${chosen ?? ''} of ${image.key.repository}@${image.document.digest}`,
      hint: `it has ${has}`,
    });
  }
  return findImage(ports, image.key, found.digest);
}

type Content = ({ readonly config: ParsedConfig } | { readonly problem: string | undefined }) & {
  readonly image: FoundImage;
  readonly layers: readonly ComparedLayer[];
};

interface ComparedLayer {
  readonly digest: Digest;
  readonly bytes: number;
  readonly instruction?: string;
  readonly diffId?: Digest;
}

async function contentOf(ports: ImageViewPorts, image: FoundImage): Promise<Content> {
  const read = await readConfig(ports, image);
  const { layers } = image.manifest;
  const parsed = 'config' in read ? read.config : undefined;
  const { steps } = showHistory(parsed?.history ?? [], layers.length);
  const instructions = new Map(
    steps.flatMap(({ layer, instruction }) => (layer === undefined ? [] : [[layer, instruction]])),
  );
  const diffIds = parsed?.diffIds?.length === layers.length ? parsed.diffIds : [];
  return {
    ...read,
    image,
    layers: layers.map(({ digest }, at) => ({
      digest,
      bytes: storedSize(image.document, digest),
      ...defined({ instruction: instructions.get(at), diffId: diffIds[at] }),
    })),
  };
}

function comparedLayers(from: Content, to: Content) {
  const [before, after] = [from.layers, to.layers].map((layers) => new Set(layers.map(({ digest }) => digest)));
  const byDiffId = new Map(
    from.layers.flatMap(({ diffId, digest }) => (diffId === undefined ? [] : [[diffId, digest]])),
  );
  const common = [...(after ?? [])].filter((digest) => before?.has(digest));
  const added = onceEach(to.layers.filter(({ digest }) => before?.has(digest) !== true));
  const removed = onceEach(from.layers.filter(({ digest }) => after?.has(digest) !== true));
  const same = added.flatMap(({ diffId, digest }) => {
    const twin = diffId === undefined ? undefined : byDiffId.get(diffId);
    return twin === undefined ? [] : [{ from: twin, to: digest }];
  });
  const shown = ({ digest, bytes, instruction }: ComparedLayer) => ({ digest, bytes, ...defined({ instruction }) });
  return {
    isCut: [common, added, removed].some((list) => list.length > mostLayers),
    shown: {
      common: common.slice(0, mostLayers),
      ...defined({ same: same.length === 0 ? undefined : same.slice(0, mostLayers) }),
      added: added.slice(0, mostLayers).map(shown),
      removed: removed.slice(0, mostLayers).map(shown),
    },
  };
}

/** A manifest may list a layer several times, as builders do with an empty one. */
function onceEach(layers: readonly ComparedLayer[]): ComparedLayer[] {
  return [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
}

function comparedBytes(from: Content, to: Content) {
  const [before, after] = [blobsOf(from), blobsOf(to)];
  const sum = (blobs: ReadonlyMap<Digest, number>, isCounted: (digest: Digest) => boolean = () => true) =>
    sumOfBytes([...blobs].map(([digest, bytes]) => (isCounted(digest) ? bytes : 0)));
  return {
    common: sum(after, (digest) => before.has(digest)),
    toPull: sum(after, (digest) => !before.has(digest)),
    from: sum(before),
    to: sum(after),
  };
}

function blobsOf({ image: { document, manifest }, layers }: Content): ReadonlyMap<Digest, number> {
  const { config } = manifest;
  const own = config === undefined ? [] : [[config.digest, storedSize(document, config.digest)] as const];
  return new Map([...own, ...layers.map(({ digest, bytes }) => [digest, bytes] as const)]);
}
