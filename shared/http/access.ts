import { RegistryError } from '../oci/faults.ts';
import type { Access, Caller } from '../ports/authorize.ts';

/** Throws `RegistryError` (`unauthorized`) with all that was needed, so that the client can ask for a token that has it. */
export function requireAccess(caller: Caller, needed: readonly Access[]): void {
  if (!needed.every((access) => caller.may(access))) throw new RegistryError({ is: 'unauthorized', needed, why: 'insufficient_scope' });
}
