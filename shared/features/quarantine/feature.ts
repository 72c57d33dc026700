import type { Places } from '../../core/documents/whole-list.ts';
import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { PolicyPorts } from '../../core/verdicts/policies.ts';
import { quarantineJudge } from './judge.ts';

interface Ports extends PolicyPorts {
  readonly registry: RegistryName;
  readonly lists: { readonly places: Places };
}

/** Lets images wait until somebody with `quarantine/write` passes them, as ACR's quarantine does. */
export const quarantine = feature({
  name: 'quarantine',
  make: (ports: Ports) => ({
    routes: async () => (await import('./http.ts')).quarantineRoutes({ ...ports, places: ports.lists.places }),
    gives: { quarantineJudge: quarantineJudge(ports) },
  }),
});
