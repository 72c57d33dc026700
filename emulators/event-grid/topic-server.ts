import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { badRequest, PublishFault } from './publish-fault.ts';

const EVENTS_PATH = '/api/events';

/** Accepts a publish request; resolves once its events are durable. Throws a {@link PublishFault} to refuse it. */
export type Publish = (request: IncomingMessage, url: URL) => Promise<void>;

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly log: (line: string) => void;
}

/** Serves the topic's one endpoint and resolves when it listens. Rejects with one sentence when the port is taken. */
export async function listen(publish: Publish, { host, port, log }: ListenOptions): Promise<Server> {
  const server = createServer((request, response) => void answer(publish, request, response, log));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new Error(`The Event Grid topic cannot listen on ${host}:${port}: ${cause.message}.`, { cause }));
    });
    server.listen(port, host, resolve);
  });
  return server;
}

/** The URL that publishers are given. */
export function endpointOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}${EVENTS_PATH}`;
}

/** Ends the server at once for idle connections, and after `graceMs` for a publisher that is still sending. */
export async function close(server: Server, graceMs: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(cut);
}

async function answer(
  publish: Publish,
  request: IncomingMessage,
  response: ServerResponse,
  log: (line: string) => void,
): Promise<void> {
  try {
    await publish(request, route(request));
    response.writeHead(200, { 'content-length': 0 }).end();
  } catch (error) {
    const fault = error instanceof PublishFault ? error : unexpected(error, log);
    refuse(request, response, fault);
  }
}

function route(request: IncomingMessage): URL {
  const base = `http://${request.headers.host ?? 'localhost'}`;
  if (request.url === undefined || !URL.canParse(request.url, base))
    throw badRequest('The request names no readable URL.');
  const url = new URL(request.url, base);
  if (url.pathname !== EVENTS_PATH) throw new PublishFault(404, 'NotFound', `Events are published to ${EVENTS_PATH}.`);
  if (request.method !== 'POST') throw new PublishFault(405, 'MethodNotAllowed', 'Events are published with POST.');
  return url;
}

function unexpected(error: unknown, log: (line: string) => void): PublishFault {
  log(`Publishing failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return new PublishFault(500, 'InternalServerError', 'The events could not be stored.');
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, code, message }: PublishFault): void {
  const body = JSON.stringify({ error: { code, message, details: [{ code, message }] } });
  // A request that was refused before its body was read leaves that body in the connection.
  const connection = request.complete ? 'keep-alive' : 'close';
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    connection,
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
