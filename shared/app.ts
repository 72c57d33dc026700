import { OpenAPIHono } from '@hono/zod-openapi';
import { Hono } from 'hono';
import { respondHealth } from './health/http.ts';
import { errorResponse } from './http/respond.ts';
import { RegistryError } from './oci/faults.ts';
import type { RegistryName } from './oci/name.ts';
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
    context.res.headers.set('X-Request-Id', requestId);
    const { method, url } = context.req.raw;
    log.info({ requestId, method, path: new URL(url).pathname, status: context.res.status, ms: Math.round(performance.now() - started) }, 'request');
  });
  const registry = (request: Request, requestId: string) => respondRegistry(ports.registry, ports.registryName, request, requestId);
  app.all('/v2', (context) => registry(context.req.raw, context.get('requestId')));
  app.all('/v2/*', (context) => registry(context.req.raw, context.get('requestId')));
  app.all('/acr/v1/*', (context) => respondAcr(ports.registry, ports.registryName, context.req.raw, context.get('requestId')));
  app.get('/healthz', () => respondHealth(ports.probes, log));
  app.route('/api/v1', managementApi(ports));
  app.notFound((context) => errorResponse(new RegistryError({ is: 'route-unknown', path: context.req.path }), log));
  app.onError((error) => errorResponse(error, log));
  return app;
}

function managementApi(ports: AppPorts): OpenAPIHono {
  const api = new OpenAPIHono();
  api.route('/', usageRoutes(ports, ports.registryName));
  api.doc31('/openapi.json', { openapi: '3.1.0', info: { title: 'Longshore', version: '1.0.0', description: 'The management API.' } });
  return api;
}
