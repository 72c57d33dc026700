import { feature } from '../../core/feature/feature.ts';
import type { Documents } from '../../core/ports/documents.ts';
import { workOnDue } from './bulk.ts';
import type { BulkPorts } from './bulk-work.ts';
import type { OverviewPorts } from './overview.ts';
import { PlaceTags } from './place-tags.ts';
import { sealedViewPlaces } from './places.ts';
import { totalsFor } from './totals.ts';

interface Ports extends Omit<OverviewPorts, 'places' | 'totals'>, BulkPorts {
  readonly lists: { readonly documents: Documents };
  readonly settings: { readonly uploadKey: Uint8Array };
}

/** The milliseconds of one run: a timer starts every ten seconds, and the next run goes on. */
const timerRunMs = 45_000;

/** Shows what pages need in one call each, and deletes what was picked in lists. */
export const views = feature({
  name: 'views',
  make(ports: Ports) {
    const places = sealedViewPlaces(ports.settings.uploadKey);
    const placing = new PlaceTags(ports);
    const totals = totalsFor(ports.clock);
    return {
      async routes() {
        const [{ viewRoutes }, { bulkRoutes }] = await Promise.all([import('./http.ts'), import('./bulk-http.ts')]);
        return viewRoutes({ ...ports, places, totals }).route('/', bulkRoutes(ports, ports.lists.documents));
      },
      timers: {
        async 'views-work'() {
          const until = new Date(ports.clock.now().getTime() + timerRunMs);
          await workOnDue(ports, until);
          await placing.goOn(until);
        },
      },
    };
  },
});
