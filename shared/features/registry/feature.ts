import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { CountBytes } from '../../core/ports/traffic.ts';
import { respondAcr } from './acr/http.ts';
import { settleRepositories } from './acr/settle-repositories.ts';
import { cancelledUploads } from './cancel-upload.ts';
import { respondRegistry } from './http.ts';
import { imagesOf } from './images.ts';
import type { PulledTag, RegistryPorts } from './ports.ts';
import { readRegistrySettings, registrySettings } from './settings.ts';
import { SharedReads } from './shared-reads.ts';

interface Ports extends Omit<RegistryPorts, 'traffic' | 'tagReads' | 'cancelled'> {
  readonly registry: RegistryName;
  readonly metrics: CountBytes;
}

/** What clients push to and pull from: the data plane of the distribution specification, and ACR's own API. */
export const registry = feature({
  name: 'registry',
  settings: registrySettings,
  read: readRegistrySettings,
  make(given: Ports) {
    const ports: RegistryPorts = {
      ...given,
      traffic: given.metrics,
      tagReads: new SharedReads<PulledTag>(),
      cancelled: cancelledUploads(),
    };
    return {
      surfaces: {
        '/acr/v1/*': (request: Request, requestId: string) => respondAcr(ports, given.registry, request, requestId),
      },
      timers: {
        async 'acr-settle'() {
          const revived = await settleRepositories(ports);
          if (revived > 0)
            ports.log.info(
              { revived },
              'repositories that were pushed to while they were deleted are back in the catalog',
            );
        },
      },
      gives: {
        images: imagesOf(ports),
        dataPlane: (request: Request, requestId: string) => respondRegistry(ports, given.registry, request, requestId),
      },
    };
  },
});
