import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { guardConnections, headersCheckMs, headersTimeoutMs } from '../../../shared/http/connections.ts';
import { describeError, type Log } from '../log.ts';
import { fail } from './exchange.ts';
import type { RouteTable } from './route-table.ts';
import type { Worker } from './stream-exchange.ts';

/** An endpoint of the host itself. */
export type HostEndpoint = (req: IncomingMessage, res: ServerResponse, query: URLSearchParams) => Promise<void>;

/** Looks at the head of a request alone; gives the answer to one that gets nowhere. */
export type RefuseByHead = (req: IncomingMessage) => { readonly status: number; readonly json: string } | undefined;

export interface HttpFrontOptions {
  routes: RouteTable;
  worker: Worker;
  /** By lower-case path. They come before any function, as in the real host. */
  endpoints: Record<string, HostEndpoint>;
  bodyLimit: number;
  refuseByHead: RefuseByHead;
  log: Log;
}

export interface HttpFront {
  server: Server;
  /** From here on new requests get 503, and idle connections are closed. */
  refuse(): void;
}

export function createHttpFront(options: HttpFrontOptions): HttpFront {
  let refusing = false;
  // No limit on how long a body may take: a slow upload is a client's right, and the real host has none either.
  const server = createServer({ requestTimeout: 0, headersTimeout: headersTimeoutMs, connectionsCheckingInterval: headersCheckMs }, (req, res) => {
    const refused = options.refuseByHead(req);
    if (refused !== undefined) {
      res.writeHead(refused.status, { 'content-type': 'application/json', connection: 'close' }).end(refused.json);
      return;
    }
    if (refusing) {
      res.writeHead(503, { 'content-length': 0, connection: 'close' }).end();
      return;
    }
    dispatch(options, req, res).catch((error: unknown) => {
      if (!res.destroyed) options.log({ level: 'error', category: 'Host.Http', message: describeError(error) });
      fail(res);
    });
  });
  guardConnections(server);
  return {
    server,
    refuse() {
      refusing = true;
      server.closeIdleConnections();
    },
  };
}

async function dispatch(
  { routes, worker, endpoints, bodyLimit }: HttpFrontOptions,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const target = req.url ?? '/';
  const mark = target.indexOf('?');
  const path = decodePath(mark === -1 ? target : target.slice(0, mark));
  if (path === undefined) {
    empty(res, 400);
    return;
  }
  const query = new URLSearchParams(mark === -1 ? '' : target.slice(mark));
  const endpoint = endpoints[path.toLowerCase()];
  if (endpoint !== undefined) return endpoint(req, res, query);
  const found = routes.find(req.method ?? 'GET', path);
  if (found !== undefined) return worker.answer({ req, res, query, bodyLimit, ...found });
  // "/" is the host's home page when no function has it; 204 is the answer with AzureWebJobsDisableHomepage.
  empty(res, path === '/' ? 204 : 404);
}

// App Service decodes %2F before it routes, so an encoded name is never one segment.
function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function empty(res: ServerResponse, status: 204 | 400 | 404): void {
  res.writeHead(status, status === 204 ? {} : { 'content-length': 0 }).end();
}
