import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Places } from '../../core/documents/whole-list.ts';
import type { CatalogueEvent } from '../../core/events/envelope.ts';
import { onEvents } from '../../core/feature/events.ts';
import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { ReadLastPulls } from '../../core/ports/pulls.ts';
import type { Regions } from '../../core/ports/regions.ts';
import { everywhere } from '../../core/regions/storage.ts';
import { recycleBin } from './bin.ts';
import { binRoutes } from './management/http.ts';
import { purgePipeline } from './pipeline.ts';
import { policyRoutes } from './policy/management/http.ts';
import type { BinPorts } from './ports.ts';
import { purgeSettings, readPurgeSettings } from './settings.ts';
import { SoftDelete } from './soft-delete.ts';

/** The entries of repositories in the catalog. */
interface RepositoryEntries {
  requireAllowed(question: { readonly operation: 'restore'; readonly key: RepositoryKey }): Promise<void>;
  open(key: RepositoryKey): Promise<unknown>;
}

interface Ports extends Omit<BinPorts, 'contents' | 'softDelete' | 'openRepository' | 'patienceMs'> {
  readonly registry: RegistryName;
  readonly regions: Regions;
  readonly entries: RepositoryEntries;
  readonly lastPulls: ReadLastPulls;
  readonly lists: { readonly documents: Documents; readonly places: Places };
  /** Lets this instance forget the manifests that an event says are deleted, and returns the event. */
  readonly noteDeletions: (event: CatalogueEvent) => CatalogueEvent;
}

function binPortsOf(ports: Ports) {
  return {
    ...ports,
    contents: everywhere(ports.regions),
    softDelete: new SoftDelete(ports),
    async openRepository(key: RepositoryKey) {
      await ports.entries.requireAllowed({ operation: 'restore', key });
      await ports.entries.open(key);
    },
    patienceMs: 250,
  };
}

/** Keeps what is deleted in a recycle bin, removes what policies say, and collects bytes that nothing needs. */
export const purge = feature({
  name: 'purge',
  settings: purgeSettings,
  read: readPurgeSettings,
  make(ports: Ports) {
    const { registry, lists, noteDeletions } = ports;
    const bin = binPortsOf(ports);
    const policies = { ...bin, lastPulls: ports.lastPulls };
    const pipeline = purgePipeline(policies, registry);
    return {
      routes: binRoutes({ ...bin, ...lists, registry }).route(
        '/',
        policyRoutes({ ...policies, places: lists.places, registry }),
      ),
      events: {
        'purge-touched': onEvents(
          [
            'Microsoft.ContainerRegistry.ImagePushed',
            'Microsoft.ContainerRegistry.ImageDeleted',
            'Microsoft.ContainerRegistry.ChartPushed',
            'Microsoft.ContainerRegistry.ChartDeleted',
            'Longshore.TagMoved',
            'Longshore.TagDeleted',
            'Longshore.Restored',
          ],
          (event) => pipeline.markTouched(noteDeletions(event)),
        ),
      },
      timers: {
        'purge-collect': () => pipeline.runDue(),
        'purge-settle': () => pipeline.settleDue(),
        'purge-mark': () => pipeline.runPolicies(),
        'purge-leftovers': () => pipeline.sweepLeftovers(),
      },
      gives: { bin: recycleBin(bin) },
    };
  },
});
