/** What slows down who has not proven anything yet: by the address it comes from, where that is known. */
export interface LimitStrangers {
  /**
   * Before a look at a secret, or at a store, for the sake of a request at a door that opens by a secret of its own. Throws `RegistryError`
   * (`too-many-requests`) when its address has failed there too often, or strangers have asked too much.
   */
  requireTurn(request: Request, door: string): void;
  /** It has failed there. */
  failed(request: Request, door: string): void;
  /** It has shown the right secret. */
  succeeded(request: Request, door: string): void;
}
