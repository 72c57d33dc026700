import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import { collectDue } from './due.ts';
import { sweepLeftovers } from './leftovers.ts';
import type { CollectionPorts } from './ports.ts';
import { collectionSettings, readCollectionSettings } from './settings.ts';

/** The milliseconds of one run: a timer starts every minute, and the next run goes on. */
const timerRunMs = 45_000;

interface Ports extends CollectionPorts {
  readonly registry: RegistryName;
}

/** Collects the bytes that no manifest needs, after their grace. */
export const collection = feature({
  name: 'collection',
  settings: collectionSettings,
  read: readCollectionSettings,
  make(ports: Ports) {
    const { clock, log, registry } = ports;
    const endOfRun = () => new Date(clock.now().getTime() + timerRunMs);
    return {
      timers: {
        async 'collection-collect'() {
          const run = await collectDue(ports, endOfRun());
          if (Object.keys(run.done).length > 0 || run.failed > 0)
            log.info({ ...run }, 'links and blobs that were due are dealt with');
          return run;
        },
        async 'collection-leftovers'() {
          const deleted = await sweepLeftovers(ports, registry, endOfRun());
          if (deleted > 0) log.info({ deleted }, 'blobs that no document names are deleted');
        },
      },
    };
  },
});
