import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Head } from './kestrel.ts';
import type { RouteValues } from './route.ts';
import type { HttpFunction } from './route-table.ts';

/** One request that has found its function. */
export interface HttpExchange {
  req: IncomingMessage;
  res: ServerResponse;
  fn: HttpFunction;
  values: RouteValues;
  head: Extract<Head, { is: 'taken' }>;
  /** Bytes; see bodySizeLimit. */
  bodyLimit: number;
}

/** The real host's words for the cause of an HTTP invocation. */
export const httpReason = 'This function was programmatically called via the host APIs.';

/** The absolute URL the function sees. The scheme and host are what the client asked for. */
export function requestOrigin(req: IncomingMessage): { protocol: 'http'; host: string } {
  return { protocol: 'http', host: req.headers.host ?? 'localhost' };
}

/**
 * Ends an exchange that failed: 500 without a body while nothing is sent yet, else a cut connection, so that a client
 * never takes half an answer for a whole one.
 */
export function fail(res: ServerResponse): void {
  if (res.destroyed) return;
  discardBody(res.req);
  if (res.headersSent) res.destroy();
  else res.writeHead(500, { 'content-length': 0 }).end();
}

/**
 * Takes what is left of a body off the wire. Node does so by itself only for a body that nobody began to read; the next
 * request on the connection would otherwise wait behind it for ever.
 */
export function discardBody(req: IncomingMessage): void {
  req.unpipe();
  req.resume();
}
