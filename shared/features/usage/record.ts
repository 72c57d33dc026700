import pLimit from 'p-limit';
import { defined } from '../../core/documents/defined.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { CatalogueEvent } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { CommitDocuments, ReadDocument } from '../../core/ports/documents.ts';
import { minuteOf } from './batch.ts';
import type { ClientClasses } from './client-class.ts';
import { noCounts } from './counts.ts';
import type { Folding } from './fold.ts';
import { reconcileImage } from './reconcile-image.ts';

export interface RecordSettings {
  readonly registryName: RegistryName;
  /** The region. A topic is its region's own, so an event is counted where it happened. */
  readonly region: string;
  readonly clients: ClientClasses;
}

interface RecordPorts {
  readonly documents: ReadDocument & CommitDocuments;
  readonly folding: Folding;
}

type PushEvent = Extract<
  CatalogueEvent,
  {
    type:
      | 'Microsoft.ContainerRegistry.ImagePushed'
      | 'Microsoft.ContainerRegistry.ChartPushed'
      | 'Longshore.ImageQuarantined';
  }
>;

/**
 * Counts one event. Delivered again, or in another order, it changes nothing more. Throws `StoreFailure`: then it must
 * be delivered again.
 */
export async function recordUsage(ports: RecordPorts, settings: RecordSettings, event: CatalogueEvent): Promise<void> {
  const registry = settings.registryName;
  switch (event.type) {
    case 'Microsoft.ContainerRegistry.ImagePushed':
    case 'Microsoft.ContainerRegistry.ChartPushed':
    case 'Longshore.ImageQuarantined':
      if (event.type === 'Longshore.ImageQuarantined' && event.data.pushEvent === 'sent') return;
      if (isCounted(event)) await countPush(ports.folding, settings, event);
      return reconcileImage(
        ports.documents,
        { registry, repository: event.data.target.repository },
        event.data.target.digest,
      );
    case 'Microsoft.ContainerRegistry.ImageDeleted':
    case 'Microsoft.ContainerRegistry.ChartDeleted':
      return reconcileImage(
        ports.documents,
        { registry, repository: event.data.target.repository },
        event.data.target.digest,
      );
    case 'Longshore.Restored':
      return reconcileAll(
        ports.documents,
        { registry, repository: event.data.target.repository },
        event.data.target.manifests,
      );
    // A recycled manifest has an event of its deletion, too; the other events change nothing that is counted.
    default:
  }
}

/** A push is counted when it is made: by the event of its quarantine where that of the push has waited. */
function isCounted(event: PushEvent): boolean {
  return event.type === 'Longshore.ImageQuarantined' || event.data.withheldUntil === undefined;
}

const imagesAtOnce = 4;

/**
 * Reconciles images. A restore restores many in one step, and images that share blobs wait for each other at their
 * etags, so few are done at a time.
 */
async function reconcileAll(
  documents: RecordPorts['documents'],
  key: RepositoryKey,
  manifests: readonly { readonly digest: Digest }[],
): Promise<void> {
  const limit = pLimit(imagesAtOnce);
  await Promise.all(manifests.map(({ digest }) => limit(() => reconcileImage(documents, key, digest))));
}

function countPush(
  folding: Folding,
  { registryName: registry, region, clients }: RecordSettings,
  event: PushEvent,
): Promise<void> {
  const { request, actor, target } = event.data;
  const at = new Date(event.time);
  const row = { client: clients.of(actor.name, request.useragent), ...noCounts, pushes: 1, lastAt: at.toISOString() };
  // A chart's tag is the file name of its archive.
  const tag = event.type === 'Microsoft.ContainerRegistry.ChartPushed' ? undefined : event.data.target.tag;
  const named = { ...row, digest: target.digest, ...defined({ tag }) };
  return folding.addEvent(event.id, {
    key: { registry, repository: target.repository },
    minute: minuteOf(at),
    region,
    row: named,
  });
}
