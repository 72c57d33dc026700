import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { patching, removing } from '../../core/documents/changes.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import { envelope } from '../../core/events/envelope.ts';
import { publishCommitted, recordEvent } from '../../core/events/outbox.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { blobsOf, missingIn, readManifest, withChildren } from './contents.ts';
import type { Replicated } from './documents.ts';
import { replicatedRef, replicatedSchema } from './documents.ts';
import type { ReplicationPorts } from './ports.ts';

/** Each is up to 4 MiB in memory. */
const contentsAtOnce = 4;

/**
 * Checks whether an image is whole in a region by now, and if so records it: its document and the event in one
 * transaction, once for each time that it was queued. Returns `undefined` when it was never requested, or is gone.
 * Throws `StoreFailure`.
 */
export async function reconcileImage(
  ports: ReplicationPorts,
  key: RepositoryKey,
  digest: Digest,
  region: string,
): Promise<Replicated['state'] | undefined> {
  const { documents } = ports;
  const ref = replicatedRef(key, digest, region);
  const found = await readStored(documents, replicatedSchema, ref);
  if (found?.document.state !== 'queued') return found?.document.state;
  const manifest = await readManifest(ports, key, digest);
  if (manifest === undefined) {
    await documents.commitDocuments(ref.container, ref.partition, [removing(found)]);
    return undefined;
  }
  const manifests = await withChildren(ports, key, manifest);
  if (missingIn(region, await blobsOf(ports, manifests)).length > 0) return 'queued';
  const limit = pLimit(contentsAtOnce);
  const copied = await Promise.all(manifests.map((each) => limit(() => copyContent(ports, each, region))));
  if (copied.includes(false)) return 'queued';
  return publishComplete(ports, key, found);
}

/** Forgets, in every region, the progress of an image. */
export async function forgetImage(
  { documents, regions }: ReplicationPorts,
  key: RepositoryKey,
  digest: Digest,
): Promise<void> {
  await Promise.all(
    regions.names.map((region) => {
      const { container, partition, id } = replicatedRef(key, digest, region);
      // In most regions it was never queued.
      return documents.commitDocuments(container, partition, [{ do: 'delete', id }]);
    }),
  );
}

async function publishComplete(
  ports: ReplicationPorts,
  key: RepositoryKey,
  found: Stored<Replicated>,
): Promise<Replicated['state']> {
  const { document } = found;
  const { documents, clock, eventSource, sourceOf, metrics } = ports;
  const source = sourceOf?.(key.registry) ?? eventSource;
  const { digest, region, bytes, queuedAt, pushedAt } = document;
  const completedAt = clock.now().toISOString();
  const id = createHash('sha256')
    .update(JSON.stringify(['replicated', key, digest, region, queuedAt]))
    .digest('hex')
    .slice(0, 32);
  const data = {
    id,
    timestamp: completedAt,
    target: { repository: key.repository, digest, region, bytes, pushedAt, queuedAt },
  };
  const event = envelope(
    'Longshore.ReplicationCompleted',
    { id, time: completedAt, source, subject: `${key.repository}@${digest}` },
    data,
  );
  const { container, partition } = replicatedRef(key, digest, region);
  const outcome = await documents.commitDocuments(container, partition, [
    patching(found, { state: 'complete', completedAt }),
    recordEvent(key, event, 'again'),
  ]);
  // Another process has published it.
  if (!outcome.committed) return 'complete';
  await publishCommitted(ports, key, [event]);
  metrics.tellReplicated(region, Date.parse(completedAt) - Date.parse(queuedAt));
  return 'complete';
}

/**
 * Copies a manifest that is too large for a document: it is a small blob of its own, under one name in all regions that
 * have a copy. Returns `false` when no region has it.
 */
async function copyContent(
  { regions }: ReplicationPorts,
  { content, digest, registry, repository }: ManifestDocument,
  region: string,
): Promise<boolean> {
  if ('text' in content) return true;
  const target = regions.blobsIn(region);
  if (target === undefined || (await target.statBlob(content.blob)) !== undefined) return target !== undefined;
  const source = content.region === undefined ? undefined : regions.blobsIn(content.region);
  const stream = await source?.readBlob(content.blob);
  if (stream === undefined) return false;
  await target.putBlob(content.blob, new Uint8Array(await new Response(stream).arrayBuffer()), {
    digest,
    registry,
    repository,
  });
  return true;
}
