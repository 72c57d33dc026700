import type { Hono } from 'hono';
import { lazily } from '../core/documents/once.ts';
import { allowedMethods } from '../core/http/allowed-methods.ts';
import { homePage } from '../core/http/home.ts';
import { requireOwnHost } from '../core/http/host-names.ts';
import { inTurn } from '../core/http/precedence.ts';
import { errorResponse } from '../core/http/respond.ts';
import { targetOf } from '../core/http/target.ts';
import { RegistryError } from '../core/oci/faults.ts';
import type { AppPorts } from './app-ports.ts';
import { healthEndpoint } from './health.ts';
import type { Recorded } from './recorded.ts';
import { apiPath, codesFor, isBelow, recordedApp, recordRequest } from './recorded.ts';
import { requireManagement } from './require-management.ts';

/** `Request -> Response`: the same on plain Node, under the Functions host, and in a test without a socket. */
export interface App {
  fetch(request: Request): Response | Promise<Response>;
}

/** All HTTP surfaces. Every answer carries `X-Request-Id`, which the logs and the events of the request repeat. */
export function createApp(ports: AppPorts): App {
  const { giveWay } = ports;
  const { addressOf } = ports.given;
  const management = lazily(async () => (await import('./management-app.ts')).managementApp(ports));
  const surfaces = surfacesApp(ports, management);
  const answer = (request: Request, path: string) => {
    if (isDataPlane(path)) return dataPlane(ports, request);
    return isBelow(path, apiPath) ? management().then((app) => app.fetch(request)) : surfaces.fetch(request);
  };
  return {
    fetch(request) {
      const { path } = targetOf(request.url);
      return (
        turnedAway(ports, request) ??
        (giveWay === undefined
          ? answer(request, path)
          : inTurn(request, path, { giveWay, addressOf }, () => answer(request, path)))
      );
    },
  };
}

/** Answers whatever is neither the data plane nor the management API. */
function surfacesApp(ports: AppPorts, management: () => Promise<Hono<Recorded>>): Hono<Recorded> {
  const { parts, log } = ports;
  const { callers, isOffered } = ports.given;
  const app = recordedApp(ports);
  for (const { surfaces = {} } of parts)
    for (const [path, respond] of Object.entries(surfaces))
      app.all(path, (context) => respond(context.req.raw, context.get('requestId')));
  app.get('/', (context) => homePage(context.req.raw));
  const probes = [...ports.probes, ...parts.flatMap((part) => part.probes ?? [])];
  app.get('/healthz', healthEndpoint({ ...ports, probes, isOffered }));
  app.get('/metrics', requireManagement(callers), () => ports.metrics.respond());
  app.notFound(async ({ req: { path } }) => {
    const meant = `${apiPath}${path}`;
    const isCall = path.length <= 300 && allowedMethods((await management()).routes, meant).length > 0;
    const hint = isCall ? { hint: `did you mean ${meant}?` } : {};
    return errorResponse(new RegistryError({ is: 'route-unknown', path, ...hint }), log, codesFor(parts, path));
  });
  return app;
}

/** Before anything else: what is not meant for this registry, or comes from where it may not, reaches nothing of it. */
function turnedAway({ hostNames, admission, log, given, parts }: AppPorts, request: Request): Response | undefined {
  try {
    const { path, host } = targetOf(request.url);
    requireOwnHost(hostNames, { method: request.method, path, host, origin: request.headers.get('origin') });
    admission.enter({ request, address: given.addressOf(request) });
    return undefined;
  } catch (error) {
    return errorResponse(error, log, codesFor(parts, targetOf(request.url).path));
  }
}

function isDataPlane(path: string): boolean {
  return path.startsWith('/v2/') || path === '/v2';
}

/** Pulls are most of what is asked. They have a router of their own, so the general one would only add to them. */
async function dataPlane(ports: AppPorts, request: Request): Promise<Response> {
  const started = performance.now();
  const requestId = ports.ids.nextId();
  const answer = await ports.given.dataPlane(request, requestId);
  const response =
    request.method === 'HEAD' && answer.body !== null
      ? new Response(null, { status: answer.status, headers: answer.headers })
      : answer;
  recordRequest(ports, request, response.status, requestId, started);
  return response;
}
