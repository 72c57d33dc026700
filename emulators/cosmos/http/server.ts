import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from '../faults.ts';
import { Refusal, tooLarge } from '../refusal.ts';
import type { Authorizer } from './authorize.ts';
import { dispatch, faultTarget } from './dispatch.ts';
import type { Emulation, Region } from './emulation.ts';
import type { Reply, ServiceRequest } from './exchange.ts';
import { header, jsonReply, refusalReply } from './exchange.ts';
import { faultRoute, FAULTS_PATH } from './fault-route.ts';
import { parsePath } from './resource-path.ts';

/** Above an item of 2 MB with escapes and a batch of that size; the routes know the exact limits. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Longer than any pause of the SDK's agent: a socket that the server closes first costs a request. */
const KEEP_ALIVE_MS = 120_000;

interface Surface {
  readonly emulation: Emulation;
  readonly region: Region;
  readonly authorizer: Authorizer;
  readonly faults: Faults;
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // The rest is still read: an answer before the end of the body would reach the client as a reset.
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) throw tooLarge();
  return Buffer.concat(chunks);
}

/** A body on GET or DELETE means nothing and is left to Node to discard. */
async function parseRequest(message: IncomingMessage): Promise<ServiceRequest> {
  const method = message.method ?? 'GET';
  const raw = method === 'GET' || method === 'DELETE' ? Buffer.alloc(0) : await readBody(message);
  return {
    method,
    path: parsePath(message.url ?? '/'),
    headers: message.headers,
    body: raw.toString(),
    bytes: raw.length,
  };
}

/** Faults come after the signature and before the work: what they refuse is not done. */
async function answer({ emulation, region, authorizer, faults }: Surface, message: IncomingMessage): Promise<Reply> {
  const request = await parseRequest(message);
  if (request.path.segments[0] === FAULTS_PATH) {
    authorizer.assertKey(header(request, 'authorization'));
    return faultRoute(faults, request);
  }
  authorizer.assertSigned(request.method, request.path, header(request, 'authorization'), header(request, 'x-ms-date'));
  const target = faultTarget(region, request);
  const { delayMs, refusal } = target === undefined ? { delayMs: 0, refusal: undefined } : faults.meet(target);
  if (delayMs > 0) await sleep(delayMs);
  if (refusal !== undefined) throw refusal;
  return dispatch(emulation, region, request);
}

function failureReply(error: unknown): Reply {
  if (error instanceof Refusal) return refusalReply(error);
  // A fault of the emulator itself. The client must see it as such, with all there is to find it.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return jsonReply(500, { code: 'InternalServerError', message: `The emulator failed: ${text}` });
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  const length =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...length });
  response.end(body);
}

/** An HTTP server for one region, not yet listening. */
export function createSurface(surface: Surface): Server {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (message, response) => {
    answer(surface, message).then(
      (reply) => send(response, reply),
      (error: unknown) => send(response, failureReply(error)),
    );
  });
  return server;
}
