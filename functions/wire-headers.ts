import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The host names the invocation on the request that it forwards to this process. */
const invocationHeader = 'x-ms-invocation-id';
const underWay = new Map<string, IncomingMessage>();

/**
 * Keeps each forwarded request's own headers. In stream mode the library takes headers from the trigger's metadata, and
 * there the host first puts the top-level properties of any JSON body: a manifest with a property `Headers` would replace
 * every header that we see. Node tells of each request that a server in this process gets, with what came over the wire.
 */
export function keepWireHeaders(): void {
  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    const id = request.headers[invocationHeader];
    if (typeof id !== 'string') return;
    underWay.set(id, request);
    response.once('close', () => underWay.delete(id));
  });
}

/** The headers of an invocation as they came; `undefined` when the host did not forward a request (no stream mode). */
export function wireHeaders(invocationId: string): [string, string][] | undefined {
  const raw = underWay.get(invocationId)?.rawHeaders;
  if (raw === undefined) return undefined;
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] satisfies [string, string]] : []));
}
