import type { Dependency } from '../../core/ports/failures.ts';
import { StoreFailure } from '../../core/ports/failures.ts';

const probeMs = 5_000;

/**
 * Probes a service that offers nothing to read without credentials: any answer that is not a server's error shows that
 * it is there. Throws `StoreFailure`.
 */
export async function reach(dependency: Dependency, endpoint: string): Promise<void> {
  const answer = await fetch(endpoint, { redirect: 'manual', signal: AbortSignal.timeout(probeMs) }).catch(
    (cause: unknown) => {
      throw new StoreFailure({ dependency, kind: 'unavailable', message: 'probe: no answer', cause });
    },
  );
  await answer.body?.cancel();
  if (answer.status >= 500)
    throw new StoreFailure({ dependency, kind: 'unavailable', message: `probe: ${answer.status}` });
}
