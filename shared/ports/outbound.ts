export interface GetJson {
  /**
   * The JSON behind a URL that somebody else chose: bounded in size and time, without redirects, and never from an
   * address of a private network. Throws `OutboundRefused` for a URL that is not allowed, `StoreFailure` (`issuer`) when
   * nothing usable comes back.
   */
  getJson(url: URL): Promise<unknown>;
}

/** The URL leads where the app must not go. The message says why, without what was found there. */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused';
}
