import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Invoke } from '../invocation.ts';
import { describeError, type Log } from '../log.ts';
import { discardBody, fail, type HttpExchange, httpReason, requestOrigin } from './exchange.ts';
import { endToEndHeaders } from './hop-by-hop.ts';
import { BodyTooLargeError, declaredLength, isChunked, limitBytes, readBody } from './request-body.ts';
import { Spool, type SpooledBody } from './spooled-body.ts';
import { httpTriggerMetadata } from './trigger-metadata.ts';

/** Bodies up to here lie in memory, and their JSON properties are bound; the real host does so with any length. */
const bindingLimit = 1_048_576;

export interface Worker {
  answer(exchange: HttpExchange): Promise<void>;
  close(): void;
}

/**
 * Serves HTTP functions as the host does after `app.setup({ enableHttpStream: true })`: the request goes on to the HTTP
 * server that `@azure/functions` opened at `httpUri`, marked with an invocation id, and that invocation is run. Neither
 * waits for the other: a request that cannot be sent on, or whose client leaves at once, leaves the invocation waiting
 * for it.
 */
export function createStreamWorker(
  httpUri: string,
  invoke: Invoke,
  { bodyLimit, log }: { readonly bodyLimit: number; readonly log: Log },
): Worker {
  const agent = new Agent({ keepAlive: true });
  const spool = new Spool(bodyLimit);
  const { port } = new URL(httpUri);
  return {
    close: () => agent.destroy(),
    async answer(exchange) {
      const { req, res, fn, head, values } = exchange;
      const invocationId = randomUUID();
      const body = await gather(exchange, spool);
      // Loopback by number: the library says "localhost".
      const upstream = head.isForwarded
        ? request({
            agent,
            host: '127.0.0.1',
            port,
            method: req.method,
            path: head.target,
            headers: forwardedHeaders(req, invocationId),
          })
        : undefined;
      try {
        const triggerMetadata = httpTriggerMetadata(req, head.query, values, body.bytes);
        const run = async () =>
          requireResult(await invoke({ fn, invocationId, reason: httpReason, data: {}, triggerMetadata }));
        // Either side may fail first, and then the other one would wait for ever.
        await Promise.all([upstream === undefined ? untilClosed(res) : relay(exchange, upstream, body), run()]);
      } catch (error) {
        upstream?.destroy();
        if (!res.destroyed)
          log({
            level: 'error',
            category: 'Host.Http',
            functionName: fn.name,
            invocationId,
            message: describeError(error),
          });
        fail(res);
      } finally {
        await body.file?.close();
      }
    },
  };
}

/** Waits for the end of a request that is not sent on: nothing but the invocation's failure comes back. */
async function untilClosed(res: ServerResponse): Promise<void> {
  if (!res.destroyed) await once(res, 'close');
}

// The library sends nothing for a handler that returned nothing: on the real host such a client waits until its time is
// up.
function requireResult(outcome: { result: unknown }): void {
  if (outcome.result === undefined || outcome.result === null)
    throw new Error('The HTTP function returned no response.');
}

/** The part of a body that came before the function runs: nothing of a chunked one. */
interface Gathered {
  readonly bytes?: Buffer;
  readonly file?: SpooledBody;
}

/** Gathers a declared body whole before the function is called; a chunked one passes as it comes. */
async function gather({ req, bodyLimit }: HttpExchange, spool: Spool): Promise<Gathered> {
  const length = declaredLength(req);
  if (length > bodyLimit) throw new BodyTooLargeError(bodyLimit);
  if (length === 0) return {};
  return length <= bindingLimit ? { bytes: await readBody(req, length) } : { file: await spool.take(req) };
}

// YARP, the host's forwarder, overwrites the forwarded headers that the client sent; the library builds the URL from
// them.
function forwardedHeaders(req: IncomingMessage, invocationId: string): Record<string, string | string[]> {
  const { protocol, host } = requestOrigin(req);
  // "Expect: 100-continue" was between the client and this server, which has answered it.
  const { expect: _, ...headers } = endToEndHeaders(req);
  return {
    ...headers,
    host,
    ...(isChunked(req) && { 'transfer-encoding': 'chunked' }),
    // The host adds its own only where there is none: an id of the client's stands, and the invocation's request never
    // comes.
    'x-ms-invocation-id': headers['x-ms-invocation-id'] ?? invocationId,
    'x-forwarded-host': host,
    'x-forwarded-proto': protocol,
    'x-forwarded-for': req.socket.remoteAddress ?? '',
  };
}

/** Sends the request on and brings the response back; resolves when the client has all of it. */
async function relay(
  { req, res, bodyLimit }: HttpExchange,
  upstream: ClientRequest,
  { bytes, file }: Gathered,
): Promise<void> {
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
  if (bytes !== undefined) upstream.end(bytes);
  else if (file !== undefined) file.read().on('error', done.reject).pipe(upstream);
  else if (isChunked(req)) req.pipe(limitBytes(bodyLimit)).on('error', done.reject).pipe(upstream);
  else req.pipe(upstream);
  await done.promise;
}

function sendAnswer(answer: IncomingMessage, res: ServerResponse): void {
  const headers = endToEndHeaders(answer);
  // Kestrel lets no 204 have a length.
  if (answer.statusCode === 204) delete headers['content-length'];
  res.writeHead(answer.statusCode ?? 502, headers);
  answer.pipe(res);
}
