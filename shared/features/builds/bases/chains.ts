import pLimit from 'p-limit';
import { patching } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { manifestDocumentSchema, manifestRef } from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import { parseStored, readStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { Tag } from '../../../core/oci/name.ts';
import type { BuildPorts } from '../ports.ts';
import type { Rooted, TaggedImage } from './documents.ts';
import { placedRef, placedSchema, rootedPartition, rootedRef, rootedSchema } from './documents.ts';
import { chainsOf, readConfig } from './image-config.ts';
import { tagsAt } from './tags-at.ts';

type Ports = Pick<BuildPorts, 'documents' | 'images'>;

/** Makes an image known by its layers. An index has none; its images are pushed by themselves. */
export async function learnChain(ports: Ports, key: RepositoryKey, digest: Digest): Promise<void> {
  if (await isPlaced(ports, key, digest)) return;
  const placed = placedRef(key, digest);
  const image = await ports.images.readImage(key, digest);
  const config = image === undefined ? undefined : await readConfig(ports, key, image.manifest);
  const chains = config === undefined ? [] : chainsOf(config);
  const [root, chain] = [chains[0], chains.at(-1)];
  if (root === undefined || chain === undefined) return;
  const at = rootedRef(key, digest, root);
  const { registry, repository } = key;
  const document: Rooted = {
    id: at.id,
    base: at.partition[0] ?? '',
    type: 'rooted',
    schemaVersion: 1,
    registry,
    repository,
    digest,
    chain,
    begins: chains.slice(0, -1).map((each) => ({ chain: each })),
    layers: chains.length,
    tags: [],
  };
  await ports.documents.commitDocuments(at.container, at.partition, [{ do: 'create', document: { ...document } }]);
  await ports.documents.commitDocuments(placed.container, placed.partition, [
    {
      do: 'create',
      document: {
        id: placed.id,
        base: placed.partition[0],
        type: 'placed',
        schemaVersion: 1,
        digest,
        root,
        told: false,
      },
    },
  ]);
}

/** Says whether an image is known by its layers. */
export async function isPlaced({ documents }: Ports, key: RepositoryKey, digest: Digest): Promise<boolean> {
  return (await documents.readDocument(placedRef(key, digest))) !== undefined;
}

/**
 * So many are learned at a time: a base may be pushed after thousands of images that are built on it, and its event
 * must be handled within 30 s.
 */
const followersAtOnce = 8;

/**
 * Has the tagged images learned again that begin with all layers of this one: they may have been learned before it. It
 * does so once, unless a crash comes between. Throws what `learn` throws.
 */
export async function refreshFollowers(
  { documents }: Ports,
  key: RepositoryKey,
  digest: Digest,
  learn: (image: TaggedImage) => Promise<unknown>,
): Promise<void> {
  const ref = placedRef(key, digest);
  const placed = (await readStored(documents, placedSchema, ref))?.document;
  if (placed === undefined || placed.told) return;
  const image = await readStored(documents, rootedSchema, rootedRef(key, digest, placed.root));
  const limit = pLimit(followersAtOnce);
  await Promise.all(
    (image === undefined ? [] : await followersOf({ documents }, image.document)).map((follower) =>
      limit(() => learn(follower)),
    ),
  );
  await documents.commitDocuments(ref.container, ref.partition, [{ do: 'patch', id: ref.id, set: { told: true } }]);
}

/**
 * Deletes what makes an image known by its layers. A crash may leave it, so its readers check that the image exists.
 */
export async function forgetChain({ documents }: Ports, key: RepositoryKey, digest: Digest): Promise<void> {
  const placed = placedRef(key, digest);
  const found = await readStored(documents, placedSchema, placed);
  if (found === undefined) return;
  const at = rootedRef(key, digest, found.document.root);
  await documents.commitDocuments(at.container, at.partition, [{ do: 'delete', id: at.id }]);
  await documents.commitDocuments(placed.container, placed.partition, [{ do: 'delete', id: placed.id }]);
}

const tagsKept = 20;

/**
 * Remembers that an image has had a tag: when the tag has moved on, images that are built on the image still follow it.
 */
export async function rememberTag({ documents }: Ports, key: RepositoryKey, tag: Tag, digest: Digest): Promise<void> {
  const placed = await readStored(documents, placedSchema, placedRef(key, digest));
  if (placed === undefined) return;
  const at = rootedRef(key, digest, placed.document.root);
  await untilUncontended(`the tags of ${digest}`, async () => {
    const found = await readStored(documents, rootedSchema, at);
    if (found === undefined || found.document.tags.includes(tag)) return true;
    const tags = [...found.document.tags, tag].slice(-tagsKept);
    return (
      (await documents.commitDocuments(at.container, at.partition, [patching(found, { tags })])).committed || undefined
    );
  });
}

const imagesExamined = 50;

/**
 * Returns the images with the most layers that these chains begin with. An older image of the same repository is no
 * base, and neither is one that was deleted.
 */
export async function longestBegun(
  { documents }: Ports,
  { registry, repository }: RepositoryKey,
  chains: readonly string[],
): Promise<Rooted[]> {
  const [root] = chains;
  const begins = chains.slice(0, -1);
  if (root === undefined || begins.length === 0) return [];
  const partition = [rootedPartition(registry, root)];
  const page = await documents.queryDocuments({
    container: 'dependencies',
    partition,
    where: [{ path: 'chain', is: 'in', values: begins }],
    orderBy: { path: 'layers', direction: 'desc' },
    limit: imagesExamined,
  });
  const others = page.documents
    .map((found) => parseStored(rootedSchema, found, { container: 'dependencies', partition }).document)
    .filter((image) => image.repository !== repository);
  const there = await Promise.all(others.map((image) => documents.readDocument(manifestRef(image, image.digest))));
  const live = others.filter((_, at) => there[at] !== undefined);
  return live.filter(({ layers }) => layers === live[0]?.layers);
}

/** A base that is pushed after so many that are built on it is rare. */
const followersExamined = 1_000;

async function followersOf(
  { documents }: Pick<Ports, 'documents'>,
  { base, chain, repository }: Rooted,
): Promise<TaggedImage[]> {
  const page = await documents.queryDocuments({
    container: 'dependencies',
    partition: [base],
    where: [{ path: 'begins', is: 'contains', value: { chain } }],
    limit: followersExamined,
  });
  const images = page.documents
    .map((found) => parseStored(rootedSchema, found, { container: 'dependencies', partition: [base] }).document)
    .filter((image) => image.repository !== repository);
  const tagged = await Promise.all(
    images.map(async (image) =>
      [...(await tagsAt({ documents }, image, image.digest)), ...(await tagsOfIndexes({ documents }, image))].map(
        (tag): TaggedImage => ({ registry: image.registry, repository: image.repository, tag }),
      ),
    ),
  );
  return tagged.flat();
}

async function tagsOfIndexes(
  { documents }: Pick<Ports, 'documents'>,
  { registry, repository, digest }: Rooted,
): Promise<Tag[]> {
  const key = { registry, repository };
  const page = await documents.queryDocuments({
    container: 'repositories',
    partition: partitionOf(key),
    where: [
      { path: 'type', is: '=', value: 'manifest' },
      { path: 'references', is: 'contains', value: { digest } },
    ],
    limit: imagesExamined,
  });
  const indexes = page.documents.map(
    (found) => parseStored(manifestDocumentSchema, found, { container: 'repositories' }).document,
  );
  return (await Promise.all(indexes.map((index) => tagsAt({ documents }, key, index.digest)))).flat();
}
