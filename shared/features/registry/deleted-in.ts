import { manifestRef } from '../../core/documents/manifest.ts';
import type { CatalogueEvent } from '../../core/events/envelope.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DocumentRef } from '../../core/ports/documents.ts';
import type { ManifestCache } from './manifest-cache.ts';

/**
 * Makes a handler that makes this instance forget the manifests that an event says are deleted, and returns the event.
 * An event reaches one instance of each app, whatever it is delivered for.
 */
export function hearDeletions(
  registry: RegistryName,
  noteDeleted: (deleted: readonly DocumentRef[]) => void,
  manifests: Pick<ManifestCache, 'forget'>,
): (event: CatalogueEvent) => CatalogueEvent {
  return (event) => {
    const deleted = deletedIn(registry, event);
    noteDeleted(deleted);
    manifests.forget(deleted);
    return event;
  };
}

/**
 * Returns the manifests that an event says are deleted, by any instance. They may have been pushed again since, so they
 * are read again.
 */
function deletedIn(registry: RegistryName, event: CatalogueEvent): DocumentRef[] {
  switch (event.type) {
    case 'Microsoft.ContainerRegistry.ImageDeleted':
    case 'Microsoft.ContainerRegistry.ChartDeleted':
      return [manifestRef({ registry, repository: event.data.target.repository }, event.data.target.digest)];
    default:
      return [];
  }
}
