import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import { respondAcr } from './http.ts';
import type { AcrPorts } from './ports.ts';
import { reconcileRepositories } from './reconcile-repositories.ts';

interface Ports extends AcrPorts {
  readonly registry: RegistryName;
}

/** Answers ACR's own API below `/acr/v1`: catalog, attributes, deletion, and the recycle bin as ACR shows it. */
export const acr = feature({
  name: 'acr',
  make(ports: Ports) {
    return {
      surfaces: {
        '/acr/v1/*': (request: Request, requestId: string) => respondAcr(ports, ports.registry, request, requestId),
      },
      timers: {
        async 'acr-reconcile'() {
          const revived = await reconcileRepositories(ports);
          if (revived > 0)
            ports.log.info(
              { revived },
              'repositories that were pushed to during their deletion are restored to the catalog',
            );
        },
      },
    };
  },
});
