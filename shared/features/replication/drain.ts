import { oneByOne, readable } from '../../core/documents/alone.ts';
import type { BlobDocument, Collected } from '../../core/documents/blob.ts';
import { blobDocumentSchema, blobId, collectedId } from '../../core/documents/blob.ts';
import { replacing } from '../../core/documents/changes.ts';
import { registrySchema } from '../../core/documents/names.ts';
import type { WholeQuery } from '../../core/documents/pages.ts';
import { documentsOf, eachPage } from '../../core/documents/pages.ts';
import type { Stored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { DocumentChange } from '../../core/ports/documents.ts';
import type { Replica } from './documents.ts';
import { replicaRef, replicaSettingsSchema } from './documents.ts';
import { queueCopy, wake } from './plan.ts';
import type { ReplicationPorts } from './ports.ts';
import { changeReplica, readReplicas, staysAsLast } from './replicas.ts';

const blobsAtOnce = 100;
/** URLs that were given to clients lead to the bytes for so many milliseconds (respond-blob.ts), and a bit less. */
const redirectsLastMs = 30 * 60_000;

/**
 * Empties this region, page by page, until it is empty or `until`: a blob that another region has is forgotten here,
 * and its bytes are deleted once no URL leads to them; one that is here alone is copied to another region first.
 * Returns whether nothing is left. Each step may be repeated.
 */
export async function drainReplica(ports: ReplicationPorts, replica: Replica, until: Date): Promise<boolean> {
  const { region } = replica;
  if (await staysAsLast(ports, replica)) return false;
  if (ports.clock.now() >= until) return false;
  let more = true;
  let waiting = 0;
  for await (const page of eachPage(ports.documents, blobsIn(region))) {
    const left = { blobs: 0, bytes: 0 };
    // A blob that cannot be read or moved counts as waiting too: the region is not empty.
    waiting += page.documents.length;
    await oneByOne(
      ports.log,
      'emptying a region of a blob',
      readable(ports.log, blobDocumentSchema, page.documents, { container: 'blobs' }),
      ({ document }) => document.digest,
      async (blob) => {
        if (await isHeldByOthers(ports, blob.document.digest, region)) {
          waiting -= 1;
          return;
        }
        if (!(await leaveRegion(ports, blob, region))) return;
        Object.assign(left, { blobs: left.blobs + 1, bytes: left.bytes + blob.document.size });
        waiting -= 1;
      },
    );
    await changeReplica(ports, region, (before) =>
      before.draining === undefined
        ? undefined
        : {
            ...before,
            draining: {
              ...before.draining,
              blobs: before.draining.blobs + left.blobs,
              bytes: before.draining.bytes + left.bytes,
              waiting,
            },
          },
    );
    more = !page.isLast;
    if (ports.clock.now() >= until) break;
  }
  if (more || waiting > 0 || (await hasCollected(ports, region))) return false;
  await ports.documents.commitDocuments(
    'registries',
    [ports.registry],
    [{ do: 'delete', id: replicaRef(ports.registry, region).id }],
  );
  return true;
}

/**
 * Says whether another registry that has linked the blob holds this region: as a replica that stays, or because it has
 * no replicas and its bytes stay where they were pushed.
 */
async function isHeldByOthers(ports: ReplicationPorts, digest: Digest, region: string): Promise<boolean> {
  const { documents, registry, sourceOf } = ports;
  if (sourceOf === undefined) return false;
  const links = documentsOf(documents, {
    container: 'blobs',
    partition: [digest],
    where: [
      { path: 'type', is: '=', value: 'link' },
      { path: 'registry', is: '!=', value: registry },
    ],
    limit: blobsAtOnce,
  });
  const checked = new Set<unknown>();
  for await (const { document } of links) {
    if (checked.has(document.registry)) continue;
    checked.add(document.registry);
    const replicas = await readReplicas({ ...ports, registry: registrySchema.parse(document.registry) });
    const here = replicas.find((each) => each.region === region);
    if (here === undefined ? replicas.length === 0 : here.draining === undefined) return true;
  }
  return false;
}

/** Removes a blob from this region; `false` when it must be copied first, or was written since. */
async function leaveRegion(ports: ReplicationPorts, found: Stored<BlobDocument>, region: string): Promise<boolean> {
  const { document: blob } = found;
  const { [region]: here, ...copies } = blob.copies;
  if (here === undefined) return true;
  if (Object.keys(copies).length === 0) {
    await planCopyElsewhere(ports, blob, region);
    return false;
  }
  const dueAt = new Date(ports.clock.now().getTime() + redirectsLastMs).toISOString();
  const note: Collected = {
    id: collectedId(region, here.name),
    type: 'collected',
    schemaVersion: 1,
    digest: blob.digest,
    size: blob.size,
    name: here.name,
    region,
    dueAt,
  };
  const changes: DocumentChange[] = [
    replacing(found, { ...blob, id: blobId, copies }),
    { do: 'upsert', document: { ...note } },
  ];
  return (await ports.documents.commitDocuments('blobs', [blob.digest], changes)).committed;
}

/**
 * Plans a copy in another region, whatever its filters say: nothing may be lost. A region that is being emptied too
 * gets none; one that is paused copies it later.
 */
async function planCopyElsewhere(ports: ReplicationPorts, blob: BlobDocument, region: string): Promise<void> {
  const replicas = await readReplicas(ports);
  const staying = replicas.filter((each) => each.region !== region && each.draining === undefined);
  const target =
    staying.find(({ settings }) => !settings.paused) ??
    ports.regions.names
      .filter((name) => !replicas.some((each) => each.region === name))
      .map((name) => ({ region: name, settings: replicaSettingsSchema.parse({}) }))[0] ??
    staying[0];
  if (target === undefined) return;
  await queueCopy(ports, blob, target, { pushedAt: ports.clock.now().toISOString() });
  await wake(ports, target.region);
}

function blobsIn(region: string): WholeQuery {
  return {
    container: 'blobs',
    where: [
      { path: 'type', is: '=', value: 'blob' },
      { path: `copies.${region}.name`, is: '>=', value: '' },
    ],
    limit: blobsAtOnce,
  };
}

async function hasCollected({ documents }: ReplicationPorts, region: string): Promise<boolean> {
  const page = await documents.queryDocuments({
    container: 'blobs',
    where: [
      { path: 'type', is: '=', value: 'collected' },
      { path: 'region', is: '=', value: region },
    ],
    limit: 1,
  });
  return page.documents.length > 0 || page.continuation !== undefined;
}
