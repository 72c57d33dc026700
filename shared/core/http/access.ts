import { defined } from '../documents/defined.ts';
import { RegistryError } from '../oci/faults.ts';
import type { Access, Caller } from '../ports/authorize.ts';
import { rightFor } from './rights.ts';

/**
 * Throws `RegistryError`: `unauthorized` with all that was needed, so that the client can ask for a token that has it,
 * or `denied` when no token would help. An empty `needed` requires a caller who is known. The missing rights follow
 * from the caller's own rights alone, so they reveal nothing of what exists. `insisted` is the part that the request
 * cannot do without; a challenge names all.
 */
export function requireAccess(caller: Caller, needed: readonly Access[], insisted = needed): void {
  const missing = insisted.filter((access) => !caller.may(access));
  const known = needed.length > 0 || caller.anonymous !== true;
  if (known && missing.length === 0) return;
  if (caller.challenge === undefined)
    throw new RegistryError({ is: 'denied', why: `${caller.actor} needs ${missing.map(rightFor).join(' and ')}` });
  throw new RegistryError({
    is: 'unauthorized',
    needed,
    missing,
    challenge: caller.challenge,
    ...defined({ why: caller.anonymous === true ? undefined : ('insufficient_scope' as const) }),
  });
}
