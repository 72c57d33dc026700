/**
 * Thrown where the process dies. It is no `StoreFailure`, so nothing that handles outages can catch it by accident; a
 * test catches it at the top, connects again to the same world and checks what the dead process left behind.
 */
export class Crash extends Error {
  override readonly name = 'Crash';
}
