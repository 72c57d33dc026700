const peers = new WeakMap<Request, string>();

/** A host that sees the connection says who is at its other end. */
export function rememberPeer(request: Request, address: string | undefined): void {
  if (address !== undefined) peers.set(request, address);
}

/**
 * The address that a request came from; `undefined` where the host does not see the connection (the Functions host).
 * A header is no substitute: a client may send any.
 */
export function peerOf(request: Request): string | undefined {
  return peers.get(request);
}
