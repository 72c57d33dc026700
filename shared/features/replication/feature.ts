import type { Places } from '../../core/documents/whole-list.ts';
import { onEvents } from '../../core/feature/events.ts';
import { feature } from '../../core/feature/feature.ts';
import type { ShowRegions } from '../../core/ports/image-views.ts';
import { regionsOfImage } from './image-regions.ts';
import { replicationPipeline } from './pipeline.ts';
import type { CopySettings, ReplicationPorts } from './ports.ts';
import { usualCopySettings } from './ports.ts';
import { replicationViews } from './views.ts';

interface Ports extends Omit<ReplicationPorts, 'settings'> {
  readonly lists: { readonly places: Places };
  readonly settings: { readonly copies: CopySettings };
}

/** Copies what is pushed to the other regions. */
export const replication = feature({
  name: 'replication',
  read: (): { readonly copies: CopySettings } => ({ copies: usualCopySettings }),
  make(ports: Ports) {
    const pipeline = replicationPipeline({ ...ports, settings: ports.settings.copies });
    const showRegions: ShowRegions = {
      regionsOfImage: (key, digest) => regionsOfImage(pipeline.ports, key, digest),
    };
    return {
      async routes() {
        const { replicationRoutes } = await import('./management/http.ts');
        return replicationRoutes({ ...pipeline.ports, places: ports.lists.places });
      },
      // The earlier name of /replications.
      olderPaths: ['/replicas'],
      events: {
        'replication-plan': onEvents(
          [
            'Microsoft.ContainerRegistry.ImagePushed',
            'Microsoft.ContainerRegistry.ChartPushed',
            'Longshore.ImageQuarantined',
            'Longshore.TagMoved',
            'Longshore.Restored',
            'Longshore.Purged',
          ],
          (event) => pipeline.plan(event),
        ),
      },
      messages: { 'replication-copy': () => pipeline.copy() },
      timers: { 'replication-sweep': () => pipeline.sweep() },
      gives: {
        replication: pipeline,
        isOffered: () => pipeline.isOffered(),
        showRegions,
        replicationViews: replicationViews(ports),
      },
    };
  },
});
