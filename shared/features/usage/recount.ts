import pLimit from 'p-limit';
import { patching, replacing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { manifestDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { documentsOf } from '../../core/documents/pages.ts';
import { sumOfBytes } from '../../core/documents/references.ts';
import { repositoryDocumentSchema, repositoryRef } from '../../core/documents/repository.ts';
import { parseStored, readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegistryName, RepositoryName } from '../../core/oci/name.ts';
import type { Documents } from '../../core/ports/documents.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { Log } from '../../core/ports/log.ts';
import { wholeRegistry } from './counters.ts';
import type { UsageTotal } from './documents.ts';
import { blobId, blobSchema, imageSchema, totalId, totalSchema, usageRef } from './documents.ts';
import { reconcileImage, storedSize } from './reconcile-image.ts';
import { everyReadable } from './sizes/pages.ts';
import { addToTotals } from './totals.ts';

interface RecountPorts {
  readonly documents: Documents;
  readonly log: Log;
}

const repositoriesAtOnce = 4;
const imagesAtOnce = 4;
const pageSize = 100;

/**
 * Counts again what has drifted: repositories whose counters have another number of images than the repository, because
 * an event was never delivered, and those that an older version counted by what manifests claim. The rest costs a count
 * that the index answers. One that cannot be counted is logged, and stops no other. Returns those that were counted
 * again. Throws `StoreFailure`.
 */
export async function recountDrifted(ports: RecountPorts, registry: RegistryName): Promise<RepositoryName[]> {
  const { documents, log } = ports;
  const totals = await totalsIn(ports, registry);
  const limit = pLimit(repositoriesAtOnce);
  const recounted: RepositoryName[] = [];
  const each = async (repository: RepositoryName) => {
    const key = { registry, repository };
    try {
      if (!(await hasDrifted(documents, key, totals.get(repository)))) return;
      await recount(documents, key);
      recounted.push(repository);
    } catch (error) {
      if (error instanceof StoreFailure) throw error;
      log.error({ err: error, repository }, 'a repository cannot be counted anew');
    }
  };
  await Promise.all(
    [...new Set([...(await repositoriesOf(ports, registry)), ...totals.keys()])].map((repository) =>
      limit(() => each(repository)),
    ),
  );
  return recounted;
}

/** Returns the repositories of the catalog, in which a push enters its repository before it commits. */
async function repositoriesOf(ports: RecountPorts, registry: RegistryName): Promise<RepositoryName[]> {
  const query = {
    container: 'registries' as const,
    partition: [registry],
    where: [
      {
        path: 'id',
        is: 'starts-with' as const,
        value: repositoryRef({ registry, repository: '' as RepositoryName }).id,
      },
    ],
    limit: 1_000,
  };
  const repositories: RepositoryName[] = [];
  for await (const {
    document: { repository },
  } of everyReadable(ports, repositoryDocumentSchema, query))
    repositories.push(repository);
  return repositories;
}

async function totalsIn(ports: RecountPorts, registry: RegistryName): Promise<Map<RepositoryName, UsageTotal>> {
  const query = {
    container: 'usage' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=' as const, value: 'usage-total' },
      { path: 'repository', is: '!=' as const, value: wholeRegistry(registry).repository },
    ],
    limit: 1_000,
  };
  const totals = new Map<RepositoryName, UsageTotal>();
  for await (const { document: total } of everyReadable(ports, totalSchema, query))
    totals.set(total.repository as RepositoryName, total);
  return totals;
}

async function hasDrifted(documents: Documents, key: RepositoryKey, total: UsageTotal | undefined): Promise<boolean> {
  if (total !== undefined && total.measured !== true) return true;
  const images = await documents.countDocuments({
    container: 'repositories',
    partition: partitionOf(key),
    where: [{ path: 'type', is: '=', value: 'manifest' }],
  });
  return images !== (total?.images ?? 0);
}

/**
 * Reconciles every image, every blob and then the totals of a repository with what exists. Changes meanwhile stay
 * counted.
 */
async function recount(documents: Documents, key: RepositoryKey): Promise<void> {
  const limit = pLimit(imagesAtOnce);
  await Promise.all(
    [...(await digestsToReconcile(documents, key))].map((digest) =>
      limit(() => reconcileImage(documents, key, digest)),
    ),
  );
  await measureBlobs(documents, key);
  await untilUncontended(`the totals of ${key.repository}`, () => writeTotals(documents, key));
}

async function digestsToReconcile(documents: Documents, key: RepositoryKey): Promise<Set<Digest>> {
  const partition = partitionOf(key);
  const digests = new Set<Digest>();
  const live = {
    container: 'repositories' as const,
    partition,
    where: [{ path: 'id', is: 'starts-with' as const, value: 'manifest:' }],
    limit: pageSize,
  };
  for await (const found of documentsOf(documents, live))
    digests.add(parseStored(manifestDocumentSchema, found, live).document.digest);
  const counted = ofType(key, 'usage-image');
  for await (const found of documentsOf(documents, counted))
    digests.add(parseStored(imageSchema, found, counted).document.digest);
  return digests;
}

function ofType(key: RepositoryKey, type: string) {
  return {
    container: 'usage' as const,
    partition: partitionOf(key),
    where: [{ path: 'type', is: '=' as const, value: type }],
    limit: pageSize,
  };
}

async function measureBlobs(documents: Documents, key: RepositoryKey): Promise<void> {
  const query = ofType(key, 'usage-blob');
  for await (const found of documentsOf(documents, query))
    await measureBlob(documents, key, parseStored(blobSchema, found, query).document.digest);
}

/**
 * Reconciles a counted blob with what is stored of it. Blob and totals change in one transaction: the state after a
 * crash adds up.
 */
export async function measureBlob(documents: Documents, key: RepositoryKey, digest: Digest): Promise<void> {
  await untilUncontended(`the size of ${digest}`, async () => {
    const blob = await readStored(documents, blobSchema, usageRef(key, blobId(digest)));
    const size = await storedSize(documents, key, digest);
    if (blob === undefined || blob.document.size === size) return true;
    const total = await addToTotals(documents, key, { bytes: size - blob.document.size });
    return (
      (await documents.commitDocuments('usage', partitionOf(key), [patching(blob, { size }), total])).committed ||
      undefined
    );
  });
}

/** Writes totals. A process that counts meanwhile changes them too, and so their etag. */
async function writeTotals(documents: Documents, key: RepositoryKey): Promise<true | undefined> {
  const total = await readStored(documents, totalSchema, usageRef(key, totalId));
  if (total === undefined) return true;
  const sizes: number[] = [];
  let images = 0;
  const [imagesQuery, blobsQuery] = [ofType(key, 'usage-image'), ofType(key, 'usage-blob')];
  for await (const found of documentsOf(documents, imagesQuery)) {
    const { present, size } = parseStored(imageSchema, found, imagesQuery).document;
    if (present) sizes.push(size);
    images += Number(present);
  }
  for await (const found of documentsOf(documents, blobsQuery))
    sizes.push(parseStored(blobSchema, found, blobsQuery).document.size);
  const after: UsageTotal = { ...total.document, images, bytes: sumOfBytes(sizes), measured: true };
  return (await documents.commitDocuments('usage', partitionOf(key), [replacing(total, after)])).committed || undefined;
}
