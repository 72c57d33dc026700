import type { CatalogueEvent } from '../../core/events/envelope.ts';
import { onEvents } from '../../core/feature/events.ts';
import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { MeasureImages } from '../../core/ports/image-views.ts';
import type { ReadLastPulls } from '../../core/ports/pulls.ts';
import type { UsagePorts } from './pipeline.ts';
import { usagePipeline } from './pipeline.ts';
import type { UsageSettings } from './settings.ts';
import { readUsageSettings, usageSettings } from './settings.ts';
import { deletedBytes } from './sizes/image.ts';
import { imagesWith } from './sizes/images-with.ts';
import { lastPullsIn } from './tracking.ts';
import { usageViews } from './views.ts';

interface Ports extends UsagePorts {
  readonly registry: RegistryName;
  readonly eventSource: string;
  /** Lets this instance forget the manifests that an event says are deleted, and returns the event. */
  readonly noteDeletions: (event: CatalogueEvent) => CatalogueEvent;
  /** Absent, what is counted here. */
  readonly lastPulls?: ReadLastPulls;
  readonly settings: { readonly usage: UsageSettings; readonly region: string; readonly isFurther?: boolean };
}

/** Counts pulls and pushes, and measures what is stored. */
export const usage = feature({
  name: 'usage',
  settings: usageSettings,
  read: readUsageSettings,
  make(ports: Ports) {
    const { registry, eventSource, documents, clock, noteDeletions, settings } = ports;
    const { usage: own, region, isFurther = false } = settings;
    const pipeline = usagePipeline(ports, { ...own, region, eventSource, isFurther, registryName: registry });
    const measureImages: MeasureImages = {
      measureDeletion: (key, manifests) => deletedBytes(documents, key, manifests),
      countImagesWith: (of, blobs) => imagesWith(documents, of, blobs),
    };
    return {
      async routes() {
        const { usageRoutes } = await import('./http.ts');
        return usageRoutes({ documents, clock, quotaBytes: own.quotaBytes }, registry);
      },
      events: {
        'usage-record': onEvents(
          [
            'Microsoft.ContainerRegistry.ImagePushed',
            'Microsoft.ContainerRegistry.ImageDeleted',
            'Microsoft.ContainerRegistry.ChartPushed',
            'Microsoft.ContainerRegistry.ChartDeleted',
            'Longshore.ImageQuarantined',
            'Longshore.Restored',
          ],
          (event) => pipeline.record(noteDeletions(event)),
        ),
      },
      messages: {
        'usage-fold': (message: unknown) => pipeline.fold(message),
        'usage-fold-again': (message: unknown) => pipeline.fold(message),
      },
      timers: { 'usage-survey': () => pipeline.survey(), 'usage-first-survey': () => pipeline.surveyFirst() },
      flush: () => pipeline.flush(),
      gives: {
        pulls: pipeline.pulls,
        lastPulls: ports.lastPulls ?? lastPullsIn(documents),
        measureImages,
        usageViews: usageViews({ documents, clock, quotaBytes: own.quotaBytes }),
      },
    };
  },
});
