import type { Places } from '../../core/documents/whole-list.ts';
import type { CatalogueEvent } from '../../core/events/envelope.ts';
import { SharedRuns } from '../../core/events/shared-runs.ts';
import { onEvents } from '../../core/feature/events.ts';
import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { ShowPurgeDue } from '../../core/ports/image-views.ts';
import { purgeDueAt } from './due-at.ts';
import { inUseRight } from './in-use-right.ts';
import { markTouched } from './mark.ts';
import type { PolicyPorts } from './ports.ts';
import { runPolicies } from './run.ts';
import { purgeViews } from './views.ts';

interface Ports extends PolicyPorts {
  readonly registry: RegistryName;
  readonly lists: { readonly documents: Documents; readonly places: Places };
  /** Lets this instance forget the manifests that an event says are deleted, and returns the event. */
  readonly noteDeletions: (event: CatalogueEvent) => CatalogueEvent;
}

/** The milliseconds of one run: a timer starts every minute, and the next run goes on. */
const timerRunMs = 45_000;

/** Recycles what the purge policies of a registry remove. */
export const purge = feature({
  name: 'purge',
  make(ports: Ports) {
    const { registry, lists, noteDeletions, clock, log } = ports;
    const markRuns = new SharedRuns();
    const showPurgeDue: ShowPurgeDue = { purgeDueAt: (key, digest) => purgeDueAt(ports, key, digest) };
    return {
      routes: async () =>
        (await import('./management/http.ts')).policyRoutes({ ...ports, places: lists.places, registry }),
      changeRight: inUseRight,
      events: {
        'purge-touched': onEvents(
          [
            'Microsoft.ContainerRegistry.ImagePushed',
            'Microsoft.ContainerRegistry.ImageDeleted',
            'Microsoft.ContainerRegistry.ChartPushed',
            'Microsoft.ContainerRegistry.ChartDeleted',
            'Longshore.ImageQuarantined',
            'Longshore.TagMoved',
            'Longshore.TagDeleted',
            'Longshore.Restored',
          ],
          (event) => markTouched({ ...ports, markRuns }, registry, noteDeletions(event)),
        ),
      },
      timers: {
        async 'purge-mark'() {
          const until = new Date(clock.now().getTime() + timerRunMs);
          const { looking, plans } = await runPolicies(ports, registry, until);
          if (looking.length > 0)
            log.info({ looking }, 'purge policies mark the stored manifests after a change of rules');
          for (const { policy, plan, state, outcome, over } of plans)
            log.info({ policy, plan, state, outcome, over }, 'a purge policy ran');
        },
      },
      gives: { showPurgeDue, purgeViews: purgeViews(ports, registry) },
    };
  },
});
