import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { guardConnections, headersCheckMs, headersTimeoutMs } from '../../../bounds/connections.ts';
import { describeError, type Log } from '../log.ts';
import { fail, type HttpExchange } from './exchange.ts';
import { nodesHeaderLimit, readHead } from './kestrel.ts';
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
  const server = createServer(
    {
      maxHeaderSize: nodesHeaderLimit,
      requestTimeout: 0,
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: headersCheckMs,
    },
    (req, res) => {
      const head = readHead(req);
      if (head.is === 'refused') {
        res.writeHead(head.status, { 'content-length': 0, connection: 'close' }).end();
        return;
      }
      const refused = options.refuseByHead(req);
      if (refused !== undefined) {
        res.writeHead(refused.status, { 'content-type': 'application/json', connection: 'close' }).end(refused.json);
        return;
      }
      if (refusing) {
        res.writeHead(503, { 'content-length': 0, connection: 'close' }).end();
        return;
      }
      dispatch(options, req, res, head).catch((error: unknown) => {
        if (!res.destroyed) options.log({ level: 'error', category: 'Host.Http', message: describeError(error) });
        fail(res);
      });
    },
  );
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
  head: HttpExchange['head'],
): Promise<void> {
  const { path, query } = head;
  const endpoint = endpoints[path.toLowerCase()];
  if (endpoint !== undefined) return endpoint(req, res, query);
  const found = routes.find(req.method ?? 'GET', path);
  if (found !== undefined) return worker.answer({ req, res, head, bodyLimit, ...found });
  // "/" is the host's home page when no function has it; 204 is the answer with AzureWebJobsDisableHomepage.
  empty(res, path === '/' ? 204 : 404);
}

function empty(res: ServerResponse, status: 204 | 404): void {
  res.writeHead(status, status === 204 ? {} : { 'content-length': 0 }).end();
}
