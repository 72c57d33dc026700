/** The actor and the request that caused an event: `request` and `actor` of ACR's events. */
export interface Cause {
  readonly request: {
    readonly id: string;
    readonly host: string;
    readonly method: string;
    readonly useragent: string;
  };
  readonly actor: { readonly name: string };
}
