import { z } from 'zod';
import { oneByOne } from '../../core/documents/alone.ts';
import { blobDocumentSchema, blobRef } from '../../core/documents/blob.ts';
import { defined } from '../../core/documents/defined.ts';
import { blobPagesFrom, deleteAsListed } from '../../core/documents/listed-blobs.ts';
import { registrySchema } from '../../core/documents/names.ts';
import { documentShape, readStored } from '../../core/documents/stored.ts';
import { parseDigest } from '../../core/oci/digest.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { ListedBlob } from '../../core/ports/blobs.ts';
import type { CollectionPorts } from './ports.ts';

/** The milliseconds after which no document will name a blob any more: an upload must be finished sooner. */
export const leftoverAge = 7 * 24 * 3600 * 1000;
const blobsAtOnce = 200;

/**
 * The position of the slow walk through the storage account of a region; without a continuation the walk begins anew.
 */
const positionSchema = z.object({
  ...documentShape('leftovers'),
  registry: registrySchema,
  continuation: z.string().optional(),
});

/**
 * Walks through the names of this region's blobs, and deletes those that are older than `leftoverAge` and that no
 * document names: bytes whose upload died between storing and registering, notes and markers of uploads, contents of
 * manifests that were never committed. Ends at the last name, or at `until`; the next run goes on. Returns the number
 * of deleted blobs. Throws `StoreFailure`.
 */
export async function sweepLeftovers(ports: CollectionPorts, registry: RegistryName, until: Date): Promise<number> {
  const id = `leftovers:${ports.settings.region}`;
  const stood = await readStored(ports.documents, positionSchema, {
    container: 'registries',
    partition: [registry],
    id,
  });
  let deleted = 0;
  for await (const page of blobPagesFrom(ports.blobs, blobsAtOnce, stood?.document.continuation)) {
    await oneByOne(
      ports.log,
      'checking whether a blob is left over',
      page.blobs,
      ({ name }) => name,
      async (blob) => {
        deleted += (await deleteIfLeft(ports, blob)) ? 1 : 0;
      },
    );
    const document = {
      id,
      type: 'leftovers',
      schemaVersion: 1,
      registry,
      ...defined({ continuation: page.continuation }),
    };
    await ports.documents.commitDocuments('registries', [registry], [{ do: 'upsert', document }]);
    if (ports.clock.now() >= until) break;
  }
  return deleted;
}

async function deleteIfLeft(ports: CollectionPorts, blob: ListedBlob): Promise<boolean> {
  const age = ports.clock.now().getTime() - blob.modifiedAt.getTime();
  return age > leftoverAge && (await isLeft(ports, blob)) && deleteAsListed(ports.blobs, blob);
}

/** Returns whether no document names the blob. One whose metadata does not say what it is, is kept. */
async function isLeft(ports: CollectionPorts, { name, metadata }: ListedBlob): Promise<boolean> {
  if (name.startsWith('uploads/') || metadata.cancelled === 'yes') return true;
  const digest = parseDigest(metadata.digest ?? '');
  if (digest === undefined) return false;
  if (name.startsWith('manifests/')) return isContentLeft(ports, name, metadata);
  const blob = await readStored(ports.documents, blobDocumentSchema, blobRef(digest));
  return blob?.document.copies[ports.settings.region]?.name !== name;
}

/** Checks live and recycled manifests by one query, for the content moves with the document from one to the other. */
async function isContentLeft(
  { documents }: CollectionPorts,
  name: string,
  { registry, repository }: ListedBlob['metadata'],
): Promise<boolean> {
  if (registry === undefined || repository === undefined) return false;
  const where = [{ path: 'content.blob', is: '=' as const, value: name }];
  const page = await documents.queryDocuments({
    container: 'repositories',
    partition: [registry, repository],
    where,
    limit: 1,
  });
  return page.documents.length === 0 && page.continuation === undefined;
}
