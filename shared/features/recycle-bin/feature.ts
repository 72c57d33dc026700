import type { RepositoryKey } from '../../core/documents/names.ts';
import type { RecycleForPolicies } from '../../core/documents/recycling.ts';
import type { Places } from '../../core/documents/whole-list.ts';
import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { RestoreDeletion } from '../../core/ports/bin.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { PreviewDeletion } from '../../core/ports/image-views.ts';
import type { Regions } from '../../core/ports/regions.ts';
import { everywhere } from '../../core/regions/storage.ts';
import { recycleBin } from './bin.ts';
import { purgeDue, reconcileDue } from './due.ts';
import type { BinPorts } from './ports.ts';
import { previewDeletion } from './preview.ts';
import { recycle } from './recycle.ts';
import { restoreGroup } from './restore-group.ts';
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
  readonly lists: { readonly documents: Documents; readonly places: Places };
}

/** The milliseconds of one run: a timer starts every minute, and the next run goes on. */
const timerRunMs = 45_000;

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

/** Keeps what is deleted until it is restored, or purged at the end of its retention. */
export const recycleBinFeature = feature({
  name: 'recycle-bin',
  make(ports: Ports) {
    const { registry, lists, clock, log } = ports;
    const bin = binPortsOf(ports);
    const endOfRun = () => new Date(clock.now().getTime() + timerRunMs);
    const recycler: RecycleForPolicies = { recycle: (key, wanted, by) => recycle(bin, key, wanted, by) };
    const preview: PreviewDeletion = {
      previewDeletion: (key, reference, asker) => previewDeletion(bin, key, reference, asker),
    };
    const deletions: RestoreDeletion = {
      restoreDeletion: (key, group, cause) => restoreGroup(bin, key, group, cause),
    };
    return {
      routes: async () => (await import('./management/http.ts')).binRoutes({ ...bin, ...lists, registry }),
      timers: {
        async 'recycle-bin-purge'() {
          const run = await purgeDue(bin, endOfRun());
          if (Object.keys(run.done).length > 0 || run.failed > 0)
            log.info({ ...run }, 'deletions that were due are purged');
          return run;
        },
        async 'recycle-bin-reconcile'() {
          const reconciled = await reconcileDue(bin, endOfRun());
          if (reconciled > 0) log.info({ reconciled }, 'the neighbours of manifests are reconciled after a crash');
        },
      },
      gives: {
        bin: recycleBin(bin),
        recycler,
        previewDeletion: preview,
        deletions,
      },
    };
  },
});
