/** Slows down callers that have not proven anything yet, by their address, where that is known. */
export interface LimitStrangers {
  /**
   * Checks, before a secret is checked for a request at a door that opens by one, that its address may try again.
   * Throws `RegistryError` (`too-many-requests`) if the address has failed there too often.
   */
  requireTurn(request: Request, door: string): void;
  /**
   * Counts, before a store is read for such a request, one read against the budget of strangers. Throws `RegistryError`
   * (`too-many-requests`) if they have asked too much.
   */
  takeLookup(request: Request): void;
  /** Notes that the request has failed at the door. */
  failed(request: Request, door: string): void;
  /** Notes that the request has shown the right secret. */
  succeeded(request: Request, door: string): void;
}
