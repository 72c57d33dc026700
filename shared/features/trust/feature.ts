import { lazily } from '../../core/documents/once.ts';
import type { Places } from '../../core/documents/whole-list.ts';
import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { AskBytes } from '../../core/ports/outbound.ts';
import type { Judge } from '../../core/verdicts/judge.ts';
import type { PolicyPorts } from '../../core/verdicts/policies.ts';
import type { GatherPorts } from './gather.ts';

interface Ports extends PolicyPorts, GatherPorts {
  readonly outbound: AskBytes;
  readonly registry: RegistryName;
  readonly lists: { readonly places: Places };
}

/** Judges images by their signatures: of cosign by key and identity, and of Notation by certificate. */
export const trust = feature({
  name: 'trust',
  make(ports: Ports) {
    // The libraries that verify signatures take a second to load, and most instances only pull.
    const judging = lazily(async () => {
      const [{ judgeTrust }, { rootReader }, { revocationOver }] = await Promise.all([
        import('./judge.ts'),
        import('./roots.ts'),
        import('./notation/ask-revocation.ts'),
      ]);
      const revocation = revocationOver(({ url, ...how }) => ports.outbound.askBytes(new URL(url), how), ports.clock);
      const whole = { ...ports, revocation, readRoot: rootReader(ports) };
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
