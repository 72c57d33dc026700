import { originOf } from '../../../core/http/origin.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { IdentifyCaller } from '../../../core/ports/authorize.ts';
import { permits } from '../grants.ts';
import type { IdentifyPorts } from '../identify.ts';
import { callerOf, challengeAt, countAgainst, identifyCallers } from '../identify.ts';
import { isFromPortal } from './own-page.ts';
import type { Sessions } from './sessions.ts';

/**
 * Identifies callers of `/api/v1`, the one place where the portal's session counts, and only for requests that the
 * portal itself has sent. A request with credentials of its own is theirs, whatever cookies came along.
 */
export function identifyPortalCallers(ports: IdentifyPorts, sessions: Sessions): IdentifyCaller {
  const callers = identifyCallers(ports);
  return {
    async identify(request, needed) {
      const origin = originOf(request, ports.settings.publicUrl);
      const isPortals =
        request.headers.get('authorization') === null &&
        sessions.isShown(request, origin) &&
        isFromPortal(request, origin);
      if (!isPortals) return callers.identify(request, needed);
      const proven = await sessions.prove(request, origin);
      if (proven === undefined) {
        ports.limits?.countRefused(request);
        throw new RegistryError({ is: 'unauthorized', needed, why: 'invalid_token', challenge: challengeAt(origin) });
      }
      const { proof, session } = proven;
      const isServed = needed.every((access) => permits(proof.grants, access));
      countAgainst(ports, request, proof.identity, isServed);
      // There is nothing more to show: a refusal is "denied", and the browser is not asked to sign in again.
      return callerOf(proof, undefined, session);
    },
  };
}
