import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { invocationHeader } from './invocations.ts';

interface Forwarded {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const underWay = new Map<string, Forwarded>();

interface RequestStart extends Forwarded {
  readonly server: Server;
}

/**
 * Watches the requests that the host forwards, for three things that the library gets wrong in stream mode.
 *
 * Headers: it takes them from the trigger's metadata, and there the host first puts the top-level properties of any JSON
 * body: a manifest with a property `Headers` would replace every header that we see. Node tells of each request that a
 * server in this process gets, with what came over the wire.
 *
 * Pace: it writes an answer without waiting for who reads it, so that a slow reader has all of a blob held in memory.
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
    underWay.set(id, { request, response });
    response.once('close', () => underWay.delete(id));
    // By then the request may have let go of its socket.
    const { socket } = request;
    response.once('finish', () => endLater(request, socket));
  });
}

/** The headers of an invocation as they came; `undefined` when the host did not forward a request (no stream mode). */
export function wireHeaders(invocationId: string): [string, string][] | undefined {
  const raw = underWay.get(invocationId)?.request.rawHeaders;
  if (raw === undefined) return undefined;
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] satisfies [string, string]] : []));
}

/** The body of an answer, read no faster than the answer's reader takes it; as it is when the host did not forward a request. */
export function paced(invocationId: string, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const response = underWay.get(invocationId)?.response;
  if (response === undefined) return body;
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await writable(response);
        if (response.destroyed) {
          // Nobody reads on: what makes the body must not go on either.
          await reader.cancel();
          controller.close();
          return;
        }
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (why) => reader.cancel(why),
    },
    // One read ahead would be written before its turn.
    { highWaterMark: 0 },
  );
}

async function writable(response: ServerResponse): Promise<void> {
  if (!response.writableNeedDrain || response.destroyed) return;
  await new Promise<void>((resolve) => {
    const go = () => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
  });
}

/** A body that was answered in the middle, and goes on or stops: its connection would wait for the rest of it. In milliseconds. */
const restMs = 500;

function endLater(request: IncomingMessage, socket: Socket): void {
  if (request.complete) return;
  setTimeout(() => {
    if (!request.complete) socket.destroy();
  }, restMs).unref();
}
