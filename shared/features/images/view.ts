import { isListed } from '../../core/admission/locks.ts';
import type { Attributes } from '../../core/documents/attributes.ts';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { tagDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import { sumOfBytes } from '../../core/documents/references.ts';
import { ownBytes } from '../../core/documents/tag-facts.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isIndexMediaType } from '../../core/oci/media-types.ts';
import type { Tag } from '../../core/oci/name.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { About } from './about.ts';
import { readAbout } from './about.ts';
import { cutList, cutRecord, cutText } from './bounded.ts';
import type { ShownHistory } from './dockerfile.ts';
import { showHistory } from './dockerfile.ts';
import type { IndexContent } from './index-content.ts';
import { readIndex } from './index-content.ts';
import type { ImageViewPorts } from './ports.ts';
import { pullCommands } from './pull-commands.ts';
import type { FoundImage, ReadConfig } from './read-image.ts';
import { findImage, readConfig, storedSize } from './read-image.ts';

const mostTags = 20;
const mostLayers = 1_000;
/** The layers whose other images are counted: nobody looks at more, and a query holds their digests. */
const mostCounted = 100;
const mostAnnotations = 200;

const noIndex: IndexContent = { platforms: [], attestations: [], children: [], blobs: [], isCut: false };
const nothingAbout: About = { referrers: [], signed: false, sbom: false, attested: false, isCut: false };

/**
 * Shows an image with all that a page about it needs. Its own documents are read one after the other, for each names
 * the next; everything else side by side, and a part whose store fails is left out and named. Throws `RegistryError`
 * (`thing-unknown`), and `StoreFailure` if the image itself cannot be read.
 */
export async function showImage(ports: ImageViewPorts, key: RepositoryKey, reference: Tag | Digest, host: string) {
  const image = await findImage(ports, key, reference);
  const parts = new Parts();
  const read = await readAround(ports, image, parts);
  const layers = shownLayers(image, read);
  const { steps, problem, dockerfile, isCut } = layers.history;
  const { index, about } = read;
  const annotations = annotationsOf(image);
  return {
    ...shownIdentity(image, read),
    ...defined({ annotations: annotations?.kept }),
    ...shownConfig(read.config),
    layers: layers.shown,
    history: [...steps],
    ...defined({ historyProblem: 'config' in read.config ? problem : undefined, dockerfile }),
    platforms: [...index.platforms],
    attestations: index.attestations.map(({ predicateTypes, ...each }) => ({
      ...each,
      ...defined({ predicateTypes: predicateTypes === undefined ? undefined : [...predicateTypes] }),
    })),
    children: [...index.children],
    referrers: [...about.referrers],
    badges: badgesOf(image, read),
    attributes: image.document.attributes,
    ...defined({ regions: read.regions === undefined ? undefined : [...read.regions], base: read.base }),
    pullCommands: pullCommands({
      host,
      repository: key.repository,
      reference,
      digest: image.document.digest,
      isIndex: isIndexMediaType(image.document.mediaType),
      artifactType: image.document.artifactType,
    }),
    ...defined({
      more: moreOf({
        layers: layers.isCut,
        history: isCut,
        platforms: index.isCut,
        referrers: about.isCut,
        annotations: annotations?.isCut ?? false,
      }),
      unavailable: parts.unavailable,
    }),
  };
}

type Around = Awaited<ReturnType<typeof readAround>>;

/** Reads everything else about an image that was found. */
async function readAround(ports: ImageViewPorts, image: FoundImage, parts: Parts) {
  const { key, document } = image;
  const { digest } = document;
  const [content, tags, config, regions, purgeDueAt, shared] = await Promise.all([
    contentOf(ports, image, parts),
    parts.read('tags', { names: [], count: 0 }, tagsOf(ports, key, digest)),
    parts.read('config', { problem: 'the store of the config did not answer' }, readConfig(ports, image)),
    parts.read('regions', undefined, ports.showRegions.regionsOfImage(key, digest)),
    parts.read('purgeDueAt', undefined, ports.showPurgeDue.purgeDueAt(key, digest)),
    parts.read('inImages', undefined, countShared(ports, image)),
  ]);
  const base = await parts.read('base', undefined, baseOf(ports, image, tags.names));
  return { ...content, tags, config, regions, purgeDueAt, shared, base };
}

function shownIdentity({ key, reference, document, manifest, tag }: FoundImage, { tags, index }: Around) {
  return {
    repository: key.repository,
    reference,
    digest: document.digest,
    tags: tags.names,
    tagCount: tags.count,
    mediaType: document.mediaType,
    pushedAt: tag?.updatedAt ?? document.updatedAt,
    createdAt: document.createdAt,
    bytes: pulledBytes(document, index),
    size: document.size,
    ...defined({
      artifactType: document.artifactType,
      subject: document.subject,
      configDigest: manifest.config?.digest,
    }),
  };
}

/** Returns the bytes that lists of tags show too: config and layers; of an index, those of the manifests in it. */
function pulledBytes(document: ManifestDocument, { platforms, children }: IndexContent): number {
  const listed = new Map([...platforms, ...children].map(({ digest, bytes }) => [digest, bytes]));
  return sumOfBytes([ownBytes(document), ...listed.values()]);
}

function annotationsOf({ manifest: { annotations } }: FoundImage) {
  return annotations === undefined ? undefined : cutRecord(annotations, mostAnnotations);
}

function badgesOf({ document, tag, entry }: FoundImage, { about, purgeDueAt }: Around) {
  return {
    signed: about.signed,
    sbom: about.sbom,
    attested: about.attested,
    locked: [document.attributes, tag?.attributes, entry?.attributes].some(isLocked),
    held: document.verdict?.held ?? false,
    ...defined({ quarantine: document.quarantine?.state, purgeDueAt }),
  };
}

/** The parts of a view that may fail alone. */
class Parts {
  readonly #failed: string[] = [];

  /** Waits for a part; if its store does not answer, it is `absent`, and is named. */
  async read<T>(name: string, absent: T, reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      this.#failed.push(name);
      return absent;
    }
  }

  get unavailable(): string[] | undefined {
    return this.#failed.length === 0 ? undefined : this.#failed.toSorted();
  }
}

/** Reads the children of an index, and what is about it and them. */
async function contentOf(
  ports: ImageViewPorts,
  { key, document: { digest }, manifest }: FoundImage,
  parts: Parts,
): Promise<{ readonly index: IndexContent; readonly about: About }> {
  const index =
    manifest.manifests.length === 0 ? noIndex : await parts.read('platforms', noIndex, readIndex(ports, key, manifest));
  const { platforms, attestations, children } = index;
  const below = [...platforms, ...attestations, ...children].map((each) => each.digest);
  const reading = readAbout(ports, key, digest, below, attestations);
  return { index, about: await parts.read('referrers', nothingAbout, reading) };
}

/** Reads the first tags that lists may show, and counts all of them. */
async function tagsOf({ documents }: ImageViewPorts, key: RepositoryKey, digest: Digest) {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  const where = [
    { path: 'type', is: '=' as const, value: 'tag' },
    isListed,
    { path: 'digest', is: '=' as const, value: digest },
  ];
  const [found, count] = await Promise.all([
    firstOf(mostTags, storedOf(documents, { container, partition, where, limit: mostTags }, tagDocumentSchema)),
    documents.countDocuments({ container, partition, where }),
  ]);
  return { names: found.map(({ document }) => document.name).sort(), count: Math.max(count, found.length) };
}

/** The tags of one image that are asked about: builds learn of tags. */
const tagsAsked = 3;

/** Finds the base of the tag that was asked for, or of one of the first tags. */
async function baseOf({ showBase }: ImageViewPorts, { key, tag, document }: FoundImage, names: readonly Tag[]) {
  const tags = tag === undefined ? names.slice(0, tagsAsked) : [tag.name];
  const found = await Promise.all(tags.map((each) => showBase.baseOfImage(key, each, document.digest)));
  return found.find((each) => each !== undefined);
}

/** Counts the other images with the layers of this one. */
function countShared({ measureImages }: ImageViewPorts, { key, manifest }: FoundImage) {
  const digests = [...new Set(manifest.layers.map(({ digest }) => digest))].slice(0, mostCounted);
  return digests.length === 0
    ? Promise.resolve(new Map<Digest, never>())
    : measureImages.countImagesWith(key.registry, digests);
}

function shownLayers(image: FoundImage, { index, config, shared }: Around) {
  const all: readonly Descriptor[] = [...image.manifest.layers, ...index.blobs];
  const history: ShownHistory =
    'config' in config ? showHistory(config.config.history, image.manifest.layers.length) : { steps: [], isCut: false };
  const byLayer = new Map(history.steps.flatMap((step) => (step.layer === undefined ? [] : [[step.layer, step]])));
  const { kept, isCut } = cutList(all, mostLayers);
  const shown = kept.map(({ digest, mediaType, annotations }, at) => {
    const { instruction, createdAt } = byLayer.get(at) ?? {};
    const title = annotations?.['org.opencontainers.image.title'];
    const counted = shared?.get(digest);
    return {
      digest,
      mediaType,
      bytes: storedSize(image.document, digest),
      ...defined({
        instruction,
        createdAt,
        title: title === undefined ? undefined : cutText(title, 500),
        // The image itself is one of those that were counted.
        inImages: counted === undefined ? undefined : Math.max(0, counted.images - 1),
        inImagesIsAtLeast: counted?.isAtLeast === true ? (true as const) : undefined,
      }),
    };
  });
  return { shown, isCut, history };
}

function shownConfig(config: ReadConfig) {
  return 'config' in config ? { config: config.config.shown } : defined({ configProblem: config.problem });
}

function isLocked(attributes: Attributes | undefined): boolean {
  return attributes !== undefined && Object.values(attributes).includes(false);
}

const lists = ['layers', 'history', 'platforms', 'referrers', 'annotations'] as const;

function moreOf(isCut: Readonly<Record<(typeof lists)[number], boolean>>) {
  const cut = lists.filter((list) => isCut[list]);
  return cut.length === 0 ? undefined : cut;
}
