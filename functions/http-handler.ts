import type { HttpHandler, HttpMethod, HttpRequest, HttpResponseInit } from '@azure/functions';
import { composed } from './composed.ts';
import { paced, wireHeaders } from './forwarded-requests.ts';

/** All of them, or the host answers 404 where we answer 405, and HEAD would not arrive at all. */
export const allMethods: HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Hands a request to the app. The app answers every error itself: in stream mode a handler that throws answers nobody. */
export const httpHandler: HttpHandler = async (request, context) => initOf(await composed().app.fetch(requestOf(request, context.invocationId)), context.invocationId);

function requestOf({ url, method, headers, body }: HttpRequest, invocationId: string): Request {
  const withBody = body === null || method === 'GET' || method === 'HEAD' ? {} : { body: body as ReadableStream<Uint8Array>, duplex: 'half' as const };
  return new Request(url, { method, headers: wireHeaders(invocationId) ?? [...headers.entries()], ...withBody });
}

function initOf(response: Response, invocationId: string): HttpResponseInit {
  const headers = Object.fromEntries(response.headers);
  return { status: response.status, headers, ...(response.body === null ? {} : { body: paced(invocationId, response.body) }) };
}
