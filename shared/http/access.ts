import { RegistryError } from '../oci/faults.ts';
import type { Access, Caller } from '../ports/authorize.ts';

/**
 * Throws `RegistryError`: `unauthorized` with all that was needed, so that the client can ask for a token that has it, or
 * `denied` when no token would help. To need nothing by name is to need a caller who says who it is.
 */
export function requireAccess(caller: Caller, needed: readonly Access[]): void {
  const known = needed.length > 0 || caller.anonymous !== true;
  if (known && needed.every((access) => caller.may(access))) return;
  if (caller.challenge === undefined) throw new RegistryError({ is: 'denied', why: `${caller.actor} may not ${needed.map(inWords).join(', ')}` });
  throw new RegistryError({ is: 'unauthorized', needed, challenge: caller.challenge, ...(caller.anonymous === true ? {} : { why: 'insufficient_scope' }) });
}

function inWords({ type, name, action }: Access): string {
  return `${action} ${type} ${name}`;
}
