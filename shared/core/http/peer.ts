const peers = new WeakMap<Request, string>();

/** Remembers the address at the other end of a request's connection, for hosts that see it. */
export function rememberPeer(request: Request, address: string | undefined): void {
  if (address !== undefined) peers.set(request, address);
}

/**
 * Returns the address that a request came from; `undefined` if the host does not see the connection (the Functions
 * host). A header is no substitute: a client may send any.
 */
export function peerOf(request: Request): string | undefined {
  return peers.get(request);
}
