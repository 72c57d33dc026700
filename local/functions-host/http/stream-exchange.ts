import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Invoke } from '../invocation.ts';
import { describeError, type Log } from '../log.ts';
import { discardBody, fail, type HttpExchange, httpReason, requestOrigin } from './exchange.ts';
import { endToEndHeaders } from './hop-by-hop.ts';
import { BodyTooLargeError, declaredLength, isChunked, limitBytes, readBody } from './request-body.ts';
import { httpTriggerMetadata } from './trigger-metadata.ts';

/** Bodies up to here are read before the function runs, to bind their JSON properties; the real host reads any length. */
const bindingLimit = 1_048_576;

export interface Worker {
  answer(exchange: HttpExchange): Promise<void>;
  close(): void;
}

/**
 * Serves HTTP functions as the host does after `app.setup({ enableHttpStream: true })`: the request goes on to the HTTP
 * server that `@azure/functions` opened at `httpUri`, marked with an invocation id, and that invocation is run.
 */
export function createStreamWorker(httpUri: string, invoke: Invoke, log: Log): Worker {
  const agent = new Agent({ keepAlive: true });
  const { port } = new URL(httpUri);
  return {
    close: () => agent.destroy(),
    async answer(exchange) {
      const { req, res, fn, query, values } = exchange;
      const invocationId = randomUUID();
      const body = await readForBinding(exchange);
      const triggerMetadata = httpTriggerMetadata(req, query, values, body);
      // Loopback by number: the library says "localhost" and listens on every address.
      const upstream = request({
        agent,
        host: '127.0.0.1',
        port,
        method: req.method,
        path: req.url,
        headers: forwardedHeaders(req, invocationId),
      });
      const run = async () => {
        await reached(upstream);
        requireResult(await invoke({ fn, invocationId, reason: httpReason, data: {}, triggerMetadata }));
      };
      try {
        // Either side may fail first, and then the other one would wait for ever.
        await Promise.all([relay(exchange, upstream, body), run()]);
      } catch (error) {
        upstream.destroy();
        if (!res.destroyed)
          log({ level: 'error', category: 'Host.Http', functionName: fn.name, invocationId, message: describeError(error) });
        fail(res);
      }
    },
  };
}

// The library waits without end for a request that never comes, as when the client left at once. So the invocation
// starts when the head of the request is on its way over a connection that stands.
async function reached(upstream: ClientRequest): Promise<void> {
  const sent = once(upstream, 'socket') as Promise<[Socket]>;
  upstream.flushHeaders();
  const [socket] = await sent;
  if (socket.connecting) await once(socket, 'connect');
}

// The library sends nothing for a handler that returned nothing: on the real host such a client waits until its time is up.
function requireResult(outcome: { result: unknown }): void {
  if (outcome.result === undefined || outcome.result === null) throw new Error('The HTTP function returned no response.');
}

async function readForBinding({ req, bodyLimit }: HttpExchange): Promise<Buffer | undefined> {
  const length = declaredLength(req);
  if (length > bodyLimit) throw new BodyTooLargeError(bodyLimit);
  return length > 0 && length <= bindingLimit ? readBody(req, length) : undefined;
}

// YARP, the host's forwarder, overwrites the forwarded headers that the client sent; the library builds the URL from them.
function forwardedHeaders(req: IncomingMessage, invocationId: string): Record<string, string | string[]> {
  const { protocol, host } = requestOrigin(req);
  // "Expect: 100-continue" was between the client and this server, which has answered it.
  const { expect: _, ...headers } = endToEndHeaders(req);
  return {
    ...headers,
    host,
    ...(isChunked(req) && { 'transfer-encoding': 'chunked' }),
    'x-ms-invocation-id': invocationId,
    'x-forwarded-host': host,
    'x-forwarded-proto': protocol,
    'x-forwarded-for': req.socket.remoteAddress ?? '',
  };
}

/** Sends the request on and brings the response back; resolves when the client has all of it. */
async function relay({ req, res, bodyLimit }: HttpExchange, upstream: ClientRequest, body: Buffer | undefined): Promise<void> {
  const done = Promise.withResolvers<undefined>();
  upstream.on('error', done.reject);
  upstream.on('response', (answer) => {
    answer.on('error', done.reject);
    // A handler may answer before it has read the body. The rest is then of no use to anybody.
    answer.on('end', () => {
      if (upstream.writableEnded) return;
      discardBody(req);
      upstream.destroy();
    });
    sendAnswer(answer, res);
  });
  res.on('close', () => {
    if (res.writableFinished) done.resolve(undefined);
    else upstream.destroy(new Error('The client closed the connection.'));
  });
  if (res.destroyed) upstream.destroy(new Error('The client had closed the connection.'));
  if (body !== undefined) upstream.end(body);
  else if (isChunked(req)) req.pipe(limitBytes(bodyLimit)).on('error', done.reject).pipe(upstream);
  else req.pipe(upstream);
  await done.promise;
}

function sendAnswer(answer: IncomingMessage, res: ServerResponse): void {
  res.writeHead(answer.statusCode ?? 502, endToEndHeaders(answer));
  answer.pipe(res);
}
