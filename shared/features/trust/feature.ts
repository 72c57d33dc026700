import { lazily } from '../../core/documents/once.ts';
import type { Places } from '../../core/documents/whole-list.ts';
import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { AskBytes } from '../../core/ports/outbound.ts';
import type { ReadStatements } from '../../core/ports/statements.ts';
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
    const verifying = lazily(async () => {
      const [{ rootReader }, { revocationOver }] = await Promise.all([
        import('./roots.ts'),
        import('./notation/ask-revocation.ts'),
      ]);
      const revocation = revocationOver(({ url, ...how }) => ports.outbound.askBytes(new URL(url), how), ports.clock);
      return { ...ports, revocation, readRoot: rootReader(ports) };
    });
    const reading = lazily(async () => {
      const [{ signedStatements }, whole] = await Promise.all([import('./statements.ts'), verifying()]);
      return (...asked: Parameters<ReadStatements['signedStatements']>) => signedStatements(whole, ...asked);
    });
    const judging = lazily(async () => {
      const [{ judgeTrust }, whole] = await Promise.all([import('./judge.ts'), verifying()]);
      return (...[key, manifest, covering]: Parameters<Judge['judge']>) => judgeTrust(whole, key, manifest, covering);
    });
    const trustJudge: Judge<'trust'> = {
      part: 'trust',
      judge: async (key, manifest, covering) => (await judging())(key, manifest, covering),
    };
    const statements: ReadStatements = {
      signedStatements: async (...asked) => (await reading())(...asked),
    };
    return {
      routes: async () => (await import('./http.ts')).trustRoutes({ ...ports, places: ports.lists.places }),
      gives: { trustJudge, statements },
    };
  },
});
