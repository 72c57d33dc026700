import { feature } from '../../core/feature/feature.ts';
import type { ReadPortal } from '../../core/ports/portal.ts';
import { homeOrPortal } from './home.ts';
import { servePortal } from './serve.ts';
import type { PortalSettings } from './settings.ts';
import { portalSettings, readPortalSettings } from './settings.ts';

interface Ports {
  /** Absent where the app has no files. */
  readonly portal?: ReadPortal;
  readonly settings: { readonly portal: PortalSettings };
}

/** Serves the portal, a static app over `/api/v1`. It knows nothing of who asks. */
export const portal = feature({
  name: 'portal',
  settings: portalSettings,
  read: readPortalSettings,
  make({ portal: read = () => Promise.resolve(undefined), settings }: Ports) {
    if (!settings.portal.isOn) return {};
    const serve = (request: Request) => servePortal(read, request);
    return { surfaces: { '/': (request: Request) => homeOrPortal(read, request), '/ui': serve, '/ui/*': serve } };
  },
});
