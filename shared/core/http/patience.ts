import { Patience as PatienceForBytes } from '../../../bounds/patience.ts';
import { RegistryError } from '../oci/faults.ts';

/** Ends the wait for bytes that do not come, with a `RegistryError` (`too-slow`). */
export class Patience extends PatienceForBytes {
  constructor(options: { readonly idleMs: number; readonly totalMs?: number }) {
    super({ ...options, tooSlow });
  }
}

export function tooSlow(why: string): RegistryError {
  return new RegistryError({ is: 'too-slow', why });
}
