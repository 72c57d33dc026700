import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Admission } from '../core/admission/admission.ts';
import type { FeatureParts } from '../core/feature/feature.ts';
import { requireAccess } from '../core/http/access.ts';
import { allowedMethods } from '../core/http/allowed-methods.ts';
import type { ClientAddress } from '../core/http/client-address.ts';
import { withCommonHeaders } from '../core/http/common-headers.ts';
import type { GiveWay } from '../core/http/give-way.ts';
import { homePage } from '../core/http/home.ts';
import type { HostNames } from '../core/http/host-names.ts';
import { requireOwnHost } from '../core/http/host-names.ts';
import { boundManagementBody } from '../core/http/management-body.ts';
import { inTurn } from '../core/http/precedence.ts';
import type { ErrorCodes } from '../core/http/respond.ts';
import { errorResponse } from '../core/http/respond.ts';
import { targetOf } from '../core/http/target.ts';
import { RegistryError } from '../core/oci/faults.ts';
import type { Access, IdentifyCaller } from '../core/ports/authorize.ts';
import type { Clock, RandomIds } from '../core/ports/clock.ts';
import type { Log } from '../core/ports/log.ts';
import type { ProbeDependency } from '../core/ports/probe.ts';
import type { Metrics } from '../core/telemetry/metrics.ts';
import { describeApi } from './api-document.ts';
import { healthEndpoint } from './health.ts';

/** The ports that features must give for there to be an app. */
export interface GivenToApp {
  readonly callers: IdentifyCaller;
  /** Returns the address that a request came from, as far as the trusted proxies tell. */
  readonly addressOf: ClientAddress;
  /** Answers every request under `/v2`, errors included. */
  readonly dataPlane: (request: Request, requestId: string) => Promise<Response>;
  /** Says whether clients are to be sent to this region. */
  readonly isOffered: () => Promise<boolean>;
  /** Inbound notifications: they prove themselves by a secret of their own instead of credentials. */
  readonly inbound: {
    /** Says whether a request has proved itself, and which one goes on in its place; `undefined` for all that are none. */
    readonly letIn: (
      request: Request,
    ) => Promise<{ readonly isProven: boolean; readonly request: Request } | undefined>;
    /** Forgets what is known of their secrets. Called before somebody who may changes something. */
    readonly forget: () => void;
  };
}

export interface AppPorts {
  readonly given: GivenToApp;
  readonly parts: readonly FeatureParts[];
  readonly probes: readonly ProbeDependency[];
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  /** The names that requests may come to; absent, any. */
  readonly hostNames?: HostNames;
  readonly admission: Pick<Admission, 'enter'>;
  /** Lets pulls go first; absent, everything goes at once. */
  readonly giveWay?: GiveWay;
}

/** `Request -> Response`: the same on plain Node, under the Functions host, and in a test without a socket. */
export interface App {
  fetch(request: Request): Response | Promise<Response>;
}

/** All HTTP surfaces. Every answer carries `X-Request-Id`, which the logs and the events of the request repeat. */
export function createApp(ports: AppPorts): App {
  const { parts, log, ids, metrics, giveWay } = ports;
  const { callers, addressOf, isOffered, inbound } = ports.given;
  const app = new Hono<{ Variables: { requestId: string } }>();
  app.use(async (context, next) => {
    const started = performance.now();
    const requestId = ids.nextId();
    context.set('requestId', requestId);
    await next();
    withCommonHeaders(context.res, context.req.raw, requestId);
    recordRequest(ports, context.req.raw, context.res.status, requestId, started);
  });
  for (const { surfaces = {} } of parts)
    for (const [path, respond] of Object.entries(surfaces))
      app.all(path, (context) => respond(context.req.raw, context.get('requestId')));
  app.get('/', (context) => homePage(context.req.raw));
  const probes = [...ports.probes, ...parts.flatMap((part) => part.probes ?? [])];
  app.get('/healthz', healthEndpoint({ ...ports, probes, isOffered }));
  app.get('/metrics', requireManagement(callers), () => metrics.respond());
  app.use('/api/v1/*', requireManagement(callers, { parts, inbound }));
  app.route('/api/v1', managementApi(parts));
  app.notFound(({ req }) =>
    errorResponse(unrouted(app, req.path, codesFor(parts, req.path)), log, codesFor(parts, req.path)),
  );
  app.onError((error, { req }) =>
    errorResponse(
      error instanceof HTTPException ? malformed(error, codesFor(parts, req.path), req.raw) : error,
      log,
      codesFor(parts, req.path),
    ),
  );
  return {
    fetch(request) {
      const { path } = targetOf(request.url);
      const answer = () => (isDataPlane(path) ? dataPlane(ports, request) : app.fetch(request));
      return (
        turnedAway(ports, request) ??
        (giveWay === undefined ? answer() : inTurn(request, path, { giveWay, addressOf }, answer))
      );
    },
  };
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

function recordRequest(
  { log, metrics }: AppPorts,
  request: Request,
  status: number,
  requestId: string,
  started: number,
): void {
  const { method } = request;
  const { path } = targetOf(request.url);
  const ms = performance.now() - started;
  metrics.countRequest({ path, method, status, ms });
  log.info({ requestId, method, path, status, ms: Math.round(ms) }, 'request');
}

/** Older paths of a feature answer as they did before `/api/v1` had codes of its own. */
function codesFor(parts: readonly FeatureParts[], path: string): ErrorCodes {
  const isBelow = (place: string) => path === place || path.startsWith(`${place}/`);
  if (!isBelow(apiPath)) return 'distribution';
  const older = parts.flatMap(({ olderPaths = [] }) => olderPaths);
  return older.some((each) => isBelow(`${apiPath}${each}`)) ? 'distribution' : 'api';
}

/** A path that is there for other methods says so; what else there is stands in the document. */
function unrouted(app: Hono<{ Variables: { requestId: string } }>, path: string, codes: ErrorCodes): RegistryError {
  if (codes !== 'api') {
    const meant = `${apiPath}${path}`;
    const isCall = path.length <= 300 && allowedMethods(app.routes, meant).length > 0;
    return new RegistryError({ is: 'route-unknown', path, ...(isCall ? { hint: `did you mean ${meant}?` } : {}) });
  }
  const allow = allowedMethods(app.routes, path);
  if (allow.length > 0) return new RegistryError({ is: 'method-not-allowed', allow });
  const hint = `GET ${apiPath}/openapi.json describes all requests`;
  return new RegistryError({ is: 'route-unknown', path, hint });
}

/** Hono itself throws only for a body that is not JSON, by its header or as it is. */
function malformed({ message, status }: HTTPException, codes: ErrorCodes, { headers }: Request): RegistryError {
  return status === 415 && codes === 'api'
    ? new RegistryError({ is: 'media-type-unsupported', given: headers.get('content-type') })
    : new RegistryError({ is: 'request-invalid', code: 'malformedBody', why: message });
}

/** The management API as a whole asks who calls; what it reads must be allowed, and what it changes. */
function requireManagement(
  callers: IdentifyCaller,
  { parts = [], inbound }: Partial<Pick<AppPorts, 'parts'> & GivenToApp> = {},
): MiddlewareHandler {
  return async (context, next) => {
    const came = await inbound?.letIn(context.req.raw);
    if (came !== undefined) context.req.raw = came.request;
    if (came?.isProven === true) {
      await boundManagementBody(context.req);
      return next();
    }
    const needed = [managementAccess(context.req, parts)];
    const caller = await callers.identify(context.req.raw, needed);
    requireAccess(caller, needed);
    context.set('caller', caller);
    if (!isRead(context.req.method)) inbound?.forget();
    await boundManagementBody(context.req);
    await next();
  };
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

const apiPath = '/api/v1';

function managementAccess(
  { method, path }: { readonly method: string; readonly path: string },
  parts: readonly FeatureParts[],
): Access {
  if (isRead(method)) return { type: 'management', name: 'api', action: 'read' };
  for (const { changeRight } of parts) {
    const name = changeRight?.(path.slice(apiPath.length));
    if (name !== undefined) return { type: 'management', name, action: 'write' };
  }
  return { type: 'management', name: 'api', action: 'write' };
}

function managementApi(parts: readonly FeatureParts[]): OpenAPIHono {
  const api = new OpenAPIHono();
  for (const { routes } of parts) if (routes !== undefined) api.route('/', routes);
  let document: object | undefined;
  // Made when it is first asked for: it takes longer than all the rest of a start.
  api.get('/openapi.json', (context) => context.json((document ??= describeApi(api, parts))));
  return api;
}
