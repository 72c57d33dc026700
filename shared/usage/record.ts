import type { CatalogueEvent } from '../events/envelope.ts';
import type { RegistryName } from '../oci/name.ts';
import type { CommitDocuments, ReadDocument } from '../ports/documents.ts';
import { untilUncontended } from '../state/contention.ts';
import { partitionOf } from '../state/names.ts';
import type { RepositoryKey } from '../state/names.ts';
import { usageRef } from './documents.ts';
import { settleImage } from './settle-image.ts';
import { addToTotals } from './totals.ts';

/** Longer than Event Grid retries (a day) and than an event waits in the outbox. In seconds. */
const rememberedFor = 8 * 24 * 3600;

/** Counts one event. Delivered again, or in another order, it changes nothing more. Throws `StoreFailure`: then it must be delivered again. */
export async function recordUsage(ports: { readonly documents: ReadDocument & CommitDocuments }, registry: RegistryName, event: CatalogueEvent): Promise<void> {
  switch (event.type) {
    case 'Microsoft.ContainerRegistry.ImagePushed':
    case 'Microsoft.ContainerRegistry.ChartPushed':
      await countPush(ports.documents, { registry, repository: event.data.target.repository }, event.id);
      return settleImage(ports.documents, { registry, repository: event.data.target.repository }, event.data.target.digest);
    case 'Microsoft.ContainerRegistry.ImageDeleted':
    case 'Microsoft.ContainerRegistry.ChartDeleted':
      return settleImage(ports.documents, { registry, repository: event.data.target.repository }, event.data.target.digest);
    case 'Longshore.Restored':
      for (const { digest } of event.data.target.manifests) await settleImage(ports.documents, { registry, repository: event.data.target.repository }, digest);
      return;
    case 'Longshore.RepositoryCreated':
    case 'Longshore.RepositoryDeleted':
    case 'Longshore.TagMoved':
    case 'Longshore.TagDeleted':
    // Whatever goes into the bin is told of as deleted, too.
    case 'Longshore.Recycled':
    case 'Longshore.Purged':
    case 'Longshore.BlobCollected':
    case 'Longshore.PurgePlanned':
    case 'Longshore.BrakeApplied':
  }
}

async function countPush(documents: ReadDocument & CommitDocuments, key: RepositoryKey, eventId: string): Promise<void> {
  const { registry, repository } = key;
  const marker = { id: `seen:${eventId}`, type: 'usage-seen', schemaVersion: 1, registry, repository, ttl: rememberedFor };
  await untilUncontended(`usage of ${repository}`, async () => {
    if ((await documents.readDocument(usageRef(key, marker.id))) !== undefined) return 'counted before';
    const total = await addToTotals(documents, key, { pushes: 1 });
    const outcome = await documents.commitDocuments('usage', partitionOf(key), [{ do: 'create', document: marker }, total]);
    return outcome.committed ? 'counted' : undefined;
  });
}
