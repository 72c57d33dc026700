import type { ServerResponse } from 'node:http';
import type { HttpCookie, HttpData } from '../core-types.ts';
import type { Invoke } from '../invocation.ts';
import { describeError, type Log } from '../log.ts';
import { fail, type HttpExchange, httpReason, requestOrigin } from './exchange.ts';
import { BodyTooLargeError, declaredLength, readBody } from './request-body.ts';
import type { Worker } from './stream-exchange.ts';
import { joinedHeaders } from './trigger-metadata.ts';

/** Serves HTTP functions as the host does without HTTP streams: bodies are whole values in memory, both ways. */
export function createBufferedWorker(invoke: Invoke, log: Log): Worker {
  return {
    close: () => undefined,
    async answer(exchange) {
      const { res, fn } = exchange;
      const http = await requestData(exchange);
      try {
        const { returnValue } = await invoke({ fn, reason: httpReason, data: { http } });
        send(res, returnValue?.http ?? { statusCode: '204' });
      } catch (error) {
        log({ level: 'error', category: 'Host.Http', functionName: fn.name, message: describeError(error) });
        fail(res);
      }
    },
  };
}

async function requestData({ req, head: { query, target }, values, bodyLimit }: HttpExchange): Promise<HttpData> {
  const { protocol, host } = requestOrigin(req);
  const length = declaredLength(req);
  if (length > bodyLimit) throw new BodyTooLargeError(bodyLimit);
  return {
    method: req.method ?? 'GET',
    url: `${protocol}://${host}${target}`,
    nullableHeaders: nullable(Object.entries(joinedHeaders(req))),
    nullableQuery: nullable([...new Set(query.keys())].map((name) => [name, query.getAll(name).join(',')])),
    nullableParams: nullable(Object.entries(values)),
    // Only a declared length counts: without streams the real host hands a chunked body over as an empty one.
    ...(length > 0 && { body: { bytes: await readBody(req, length) } }),
  };
}

function nullable(entries: [string, string][]): Record<string, { value: string }> {
  return Object.fromEntries(entries.map(([name, value]) => [name, { value }]));
}

function send(res: ServerResponse, { statusCode = '200', headers = {}, cookies = [], body }: HttpData): void {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  if (cookies.length > 0) res.setHeader('set-cookie', cookies.map(cookieLine));
  res.statusCode = Number(statusCode);
  res.end(body?.bytes ?? undefined);
}

function cookieLine(cookie: HttpCookie): string {
  const attributes = [
    cookie.domain && `Domain=${cookie.domain.value}`,
    cookie.path && `Path=${cookie.path.value}`,
    cookie.expires && `Expires=${new Date(cookie.expires.value.seconds * 1000).toUTCString()}`,
    cookie.maxAge && `Max-Age=${cookie.maxAge.value}`,
    cookie.secure?.value === true && 'Secure',
    cookie.httpOnly?.value === true && 'HttpOnly',
    cookie.sameSite === 'lax' && 'SameSite=Lax',
    cookie.sameSite === 'strict' && 'SameSite=Strict',
    cookie.sameSite === 'explicitNone' && 'SameSite=None',
  ];
  return [
    `${cookie.name}=${encodeURIComponent(cookie.value)}`,
    ...attributes.filter((one) => typeof one === 'string'),
  ].join('; ');
}
