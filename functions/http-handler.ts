import type { HttpHandler, HttpMethod, HttpRequest, HttpResponseInit } from '@azure/functions';
import { nodeListener } from '../host/node-host.ts';
import type { App } from '../shared/app/app.ts';
import { composed } from './composed.ts';
import { answeredItself, ForwardedExchange } from './forwarded-exchange.ts';
import { invocationHeader } from './invocations.ts';

/**
 * All methods are listed: for others the host would answer 404 where the app answers 405, and HEAD would not arrive at
 * all.
 */
export const allMethods: HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Gives a request to the app. The app answers every error itself: in stream mode a handler that throws sends no answer.
 */
export const httpHandler: HttpHandler = httpHandlerOf(() => composed().app);

export function httpHandlerOf(app: () => App): HttpHandler {
  const listen = nodeListener((request) => app().fetch(request));
  return async (request, context) => {
    const input: unknown = request;
    if (!(input instanceof ForwardedExchange)) return initOf(await app().fetch(requestOf(request)));
    await listen(addressed(input.request), input.response.setHeader(invocationHeader, context.invocationId));
    // The host learns only that the invocation has ended.
    return answeredItself as unknown as HttpResponseInit;
  };
}

/**
 * Restores the URL of a forwarded request, which names the worker. The client's scheme and host are in headers, in
 * which the host has overwritten anything that a client sent.
 */
function addressed(request: ForwardedExchange['request']): ForwardedExchange['request'] {
  const { 'x-forwarded-proto': scheme = 'http', 'x-forwarded-host': host = request.headers.host } = request.headers;
  request.url = `${String(scheme)}://${String(host)}${withSlashesAsSent(request.url ?? '/')}`;
  return request;
}

/**
 * Restores encoded slashes. The host decodes a path except its %2F, and encodes all of it again: `team%2Fapp`, as
 * `@azure/container-registry` writes a name, arrives as `team%252Fapp`.
 */
function withSlashesAsSent(target: string): string {
  const queryStart = target.indexOf('?');
  const [path, query] = queryStart === -1 ? [target, ''] : [target.slice(0, queryStart), target.slice(queryStart)];
  return path.replace(/%252f/gi, '%2F') + query;
}

/** Makes a request of the library's. A host before 4.28 forwards nothing, and gives bodies whole. */
function requestOf({ url, method, headers, body }: HttpRequest): Request {
  const withBody =
    body === null || method === 'GET' || method === 'HEAD'
      ? {}
      : { body: body as ReadableStream<Uint8Array>, duplex: 'half' as const };
  return new Request(url, { method, headers: [...headers.entries()], ...withBody });
}

function initOf(response: Response): HttpResponseInit {
  const headers = Object.fromEntries(response.headers);
  return { status: response.status, headers, ...(response.body === null ? {} : { body: response.body }) };
}
