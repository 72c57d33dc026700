/** Who did what triggers an event, and through which request: `request` and `actor` of ACR's events. */
export interface Cause {
  readonly request: {
    readonly id: string;
    readonly host: string;
    readonly method: string;
    readonly useragent: string;
  };
  readonly actor: { readonly name: string };
}
