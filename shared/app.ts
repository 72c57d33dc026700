import { OpenAPIHono } from '@hono/zod-openapi';
import { Hono } from 'hono';
import { respondHealth } from './health/http.ts';
import { errorResponse } from './http/respond.ts';
import { targetOf } from './http/target.ts';
import { RegistryError } from './oci/faults.ts';
import type { RegistryName } from './oci/name.ts';
import type { Log } from './ports/log.ts';
import type { ReadDocument } from './ports/documents.ts';
import type { ProbeDependency } from './ports/probe.ts';
import { respondAcr } from './registry/acr/http.ts';
import { respondRegistry } from './registry/http.ts';
import type { RegistryPorts } from './registry/ports.ts';
import { usageRoutes } from './usage/http.ts';

export interface AppPorts {
  readonly registry: RegistryPorts;
  readonly documents: ReadDocument;
  readonly probes: readonly ProbeDependency[];
  readonly registryName: RegistryName;
}

/** `Request -> Response`: the same on plain Node, under the Functions host, and in a test without a socket. */
export interface App {
  fetch(request: Request): Response | Promise<Response>;
}

/** All HTTP surfaces. Every answer carries `X-Request-Id`, which the logs and the events of the request repeat. */
export function createApp(ports: AppPorts): App {
  const { log, ids } = ports.registry;
  const app = new Hono<{ Variables: { requestId: string } }>();
  app.use(async (context, next) => {
    const started = performance.now();
    const requestId = ids.nextId();
    context.set('requestId', requestId);
    await next();
    seal(log, context.req.raw, context.res, requestId, started);
  });
  app.all('/acr/v1/*', (context) => respondAcr(ports.registry, ports.registryName, context.req.raw, context.get('requestId')));
  app.get('/healthz', () => respondHealth(ports.probes, log));
  app.route('/api/v1', managementApi(ports));
  app.notFound((context) => errorResponse(new RegistryError({ is: 'route-unknown', path: context.req.path }), log));
  app.onError((error) => errorResponse(error, log));
  return { fetch: (request) => (isDataPlane(targetOf(request.url).path) ? dataPlane(ports, request) : app.fetch(request)) };
}

function isDataPlane(path: string): boolean {
  return path.startsWith('/v2/') || path === '/v2';
}

/** Pulls are most of what is asked. They have a router of their own, so the general one would only add to them. */
async function dataPlane({ registry, registryName }: AppPorts, request: Request): Promise<Response> {
  const started = performance.now();
  const requestId = registry.ids.nextId();
  const answer = await respondRegistry(registry, registryName, request, requestId);
  const response = request.method === 'HEAD' && answer.body !== null ? new Response(null, { status: answer.status, headers: answer.headers }) : answer;
  seal(registry.log, request, response, requestId, started);
  return response;
}

function seal(log: Log, { method, url }: Request, response: Response, requestId: string, started: number): void {
  response.headers.set('X-Request-Id', requestId);
  log.info({ requestId, method, path: targetOf(url).path, status: response.status, ms: Math.round(performance.now() - started) }, 'request');
}

function managementApi(ports: AppPorts): OpenAPIHono {
  const api = new OpenAPIHono();
  api.route('/', usageRoutes(ports, ports.registryName));
  api.doc31('/openapi.json', { openapi: '3.1.0', info: { title: 'Longshore', version: '1.0.0', description: 'The management API.' } });
  return api;
}
