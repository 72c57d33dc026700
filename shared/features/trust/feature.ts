import { lazily } from '../../core/documents/once.ts';
import type { Places } from '../../core/documents/whole-list.ts';
import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Judge } from '../../core/verdicts/judge.ts';
import type { PolicyPorts } from '../../core/verdicts/policies.ts';
import type { GatherPorts } from './gather.ts';

interface Ports extends PolicyPorts, GatherPorts {
  readonly registry: RegistryName;
  readonly lists: { readonly places: Places };
}

/** Judges images by their signatures: of cosign by key and identity, and of Notation by certificate. */
export const trust = feature({
  name: 'trust',
  make(ports: Ports) {
    // The libraries that verify signatures take a second to load, and most instances only pull.
    const judging = lazily(async () => {
      const [{ judgeTrust }, { rootReader }] = await Promise.all([import('./judge.ts'), import('./roots.ts')]);
      const whole = { ...ports, readRoot: rootReader(ports) };
      return (...[key, manifest, covering]: Parameters<Judge['judge']>) => judgeTrust(whole, key, manifest, covering);
    });
    const trustJudge: Judge<'trust'> = {
      part: 'trust',
      judge: async (key, manifest, covering) => (await judging())(key, manifest, covering),
    };
    return {
      routes: async () => (await import('./http.ts')).trustRoutes({ ...ports, places: ports.lists.places }),
      gives: { trustJudge },
    };
  },
});
