import { feature } from '../../core/feature/feature.ts';
import type { OverviewPorts } from './overview.ts';
import { sealedViewPlaces } from './places.ts';

interface Ports extends Omit<OverviewPorts, 'places'> {
  readonly settings: { readonly uploadKey: Uint8Array };
}

/** Shows what pages need in one call each. */
export const views = feature({
  name: 'views',
  make(ports: Ports) {
    const places = sealedViewPlaces(ports.settings.uploadKey);
    return { routes: async () => (await import('./http.ts')).viewRoutes({ ...ports, places }) };
  },
});
