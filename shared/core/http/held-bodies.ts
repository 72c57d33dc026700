import { HeldBodies as BoundedBodies } from '../../../bounds/held-bodies.ts';
import { RegistryError } from '../oci/faults.ts';
import { tooSlow } from './patience.ts';

/** Bounds the memory of request bodies, and refuses with a `RegistryError` (`too-many-requests`, `too-slow`). */
export class HeldBodies extends BoundedBodies {
  constructor(options: { readonly limit: number; readonly idleMs: number; readonly totalMs: number }) {
    super({ ...options, tooSlow, noRoom });
  }
}

function noRoom(why: string): RegistryError {
  return new RegistryError({ is: 'too-many-requests', why, retryAfterMs: 1_000 });
}

/** A body may have this many bytes before its sender is known (a login's form, a signed notification). */
export const maxStrangersBody = 64 * 1024;

const ofStrangers = new HeldBodies({ limit: 8 * 1024 * 1024, idleMs: 10_000, totalMs: 30_000 });
const ofCallers = new HeldBodies({ limit: 64 * 1024 * 1024, idleMs: 30_000, totalMs: 300_000 });

/**
 * Returns the room of bodies up to `limit`. Strangers have a room of their own, so that they hold nothing of the
 * callers'.
 */
export function heldBodies(limit: number): HeldBodies {
  return limit <= maxStrangersBody ? ofStrangers : ofCallers;
}
