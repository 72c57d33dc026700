/** What slows down who has not proven anything yet: by the address it comes from, where that is known. */
export interface LimitStrangers {
  /**
   * Before a look at a secret for the sake of a request at a door that opens by one. Throws `RegistryError`
   * (`too-many-requests`) when its address has failed there too often.
   */
  requireTurn(request: Request, door: string): void;
  /**
   * Before a look at a store for the sake of such a request. Throws `RegistryError` (`too-many-requests`) when
   * strangers have asked too much.
   */
  takeLook(request: Request): void;
  /** It has failed there. */
  failed(request: Request, door: string): void;
  /** It has shown the right secret. */
  succeeded(request: Request, door: string): void;
}
