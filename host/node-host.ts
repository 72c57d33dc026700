import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import type { Http2Bindings, HttpBindings } from '@hono/node-server';
import { createAdaptorServer, getRequestListener } from '@hono/node-server';
import type { ConnectionLimits } from '../bounds/connections.ts';
import { guardConnections, headersCheckMs, headersTimeoutMs, usualConnectionLimits } from '../bounds/connections.ts';
import type { App } from '../shared/app/app.ts';
import { rememberPeer } from '../shared/core/http/peer.ts';
import { rememberBody } from '../shared/core/http/request.ts';

export interface NodeHost {
  readonly url: string;
  /** Accepts no new connection, lets requests end for at most `graceMs` milliseconds, then closes the rest. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Serves the app by plain `node:http`, for `npm start` and for a container. Rejects with one sentence when the port is
 * in use.
 */
export async function startNodeHost(
  app: App,
  address: { readonly host: string; readonly port: number },
  limits: ConnectionLimits = usualConnectionLimits,
): Promise<NodeHost> {
  // Node ends a request after five minutes by default; a large layer on a slow line takes longer. A request that has
  // stopped is ended by its silence.
  const serverOptions = {
    requestTimeout: 0,
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: headersCheckMs,
  };
  // HTTP/1.0 needs no Host (RFC 9112, section 3.2), and health checks of HAProxy and nagios send none: then the request
  // is for this address.
  const server = createAdaptorServer({
    hostname: hostOf(address.host),
    fetch: (request, env) => fetchFrom(app, request, env),
    serverOptions,
  }) as Server;
  guardConnections(server, limits);
  server.keepAliveTimeout = 65_000;
  server.listen(address.port, address.host);
  await once(server, 'listening').catch((error: unknown) => {
    throw listenFailure(error, address);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://${address.host}:${port}`, stop: (graceMs) => stop(server, graceMs) };
}

/** Makes a listener for a server that somebody else has opened. The addresses of its clients are not known. */
export function nodeListener(
  fetch: (request: Request) => Response | Promise<Response>,
): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void> {
  return getRequestListener((request, { incoming }) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') rememberBody(request, bytesOf(incoming));
    return fetch(request);
  });
}

/** Writes a host as a URL does. One that listens everywhere is named as every machine names itself. */
function hostOf(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

function fetchFrom(app: App, request: Request, env: HttpBindings | Http2Bindings): Response | Promise<Response> {
  rememberPeer(request, env.incoming.socket.remoteAddress);
  if (request.method !== 'GET' && request.method !== 'HEAD') rememberBody(request, bytesOf(env.incoming));
  return app.fetch(request);
}

/**
 * Reads a body without closing the connection: a reader that stops early still wants to answer, and the adapter drains
 * or closes the connection behind the answer.
 */
function bytesOf(incoming: Readable): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => incoming.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>,
  };
}

async function stop(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  // A connection whose last request ends later is kept alive for a minute all the same, as a proxy's are: nothing more
  // comes by it.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const force = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(idle);
  clearTimeout(force);
}

function listenFailure(error: unknown, { host, port }: { host: string; port: number }): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE')
    return new Error(`port ${port} on ${host} is in use: stop the program that listens there, or choose another port`);
  if (code === 'EACCES') return new Error(`this user may not listen on port ${port}: choose one above 1023`);
  return error;
}
