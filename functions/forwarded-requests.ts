import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { invocationHeader } from './invocations.ts';

const underWay = new Map<string, IncomingMessage>();

interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: Server;
}

/**
 * Watches the requests that the host forwards, for two things that the library gets wrong in stream mode.
 *
 * Headers: it takes them from the trigger's metadata, and there the host first puts the top-level properties of any JSON
 * body: a manifest with a property `Headers` would replace every header that we see. Node tells of each request that a
 * server in this process gets, with what came over the wire.
 *
 * Time: its server ends a request after Node's default of five minutes, in the middle of a large layer.
 */
export function watchForwardedRequests(): void {
  subscribe('http.server.request.start', (message) => {
    const { request, response, server } = message as RequestStart;
    const id = request.headers[invocationHeader];
    // Any server of this process gets here, and anybody may send any id: whoever was first with one keeps it.
    if (typeof id !== 'string' || underWay.has(id)) return;
    server.requestTimeout = 0;
    underWay.set(id, request);
    response.once('close', () => underWay.delete(id));
    // By then the request may have let go of its socket.
    const { socket } = request;
    response.once('finish', () => endLater(request, socket));
  });
}

/** The headers of an invocation as they came; `undefined` when the host did not forward a request (no stream mode). */
export function wireHeaders(invocationId: string): [string, string][] | undefined {
  const raw = underWay.get(invocationId)?.rawHeaders;
  if (raw === undefined) return undefined;
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] satisfies [string, string]] : []));
}

/** A body that was answered in the middle, and goes on or stops: its connection would wait for the rest of it. In milliseconds. */
const restMs = 500;

function endLater(request: IncomingMessage, socket: Socket): void {
  if (request.complete) return;
  setTimeout(() => {
    if (!request.complete) socket.destroy();
  }, restMs).unref();
}
