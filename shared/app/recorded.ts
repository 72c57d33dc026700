import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { FeatureParts } from '../core/feature/feature.ts';
import { withCommonHeaders } from '../core/http/common-headers.ts';
import { withPrivacy } from '../core/http/private-answers.ts';
import type { ErrorCodes } from '../core/http/respond.ts';
import { errorResponse } from '../core/http/respond.ts';
import { targetOf } from '../core/http/target.ts';
import { RegistryError } from '../core/oci/faults.ts';
import type { AppPorts } from './app-ports.ts';

export const apiPath = '/api/v1';

/** An app whose requests are counted and logged, and carry the id that the log has. */
export interface Recorded {
  readonly Variables: { readonly requestId: string };
}

type RecordPorts = Pick<AppPorts, 'log' | 'ids' | 'metrics' | 'parts'>;

/** Makes an app without routes that records its requests, and answers an error of theirs. */
export function recordedApp(ports: RecordPorts): Hono<Recorded> {
  const { log, ids, parts } = ports;
  const app = new Hono<Recorded>();
  app.use(async (context, next) => {
    const started = performance.now();
    const requestId = ids.nextId();
    context.set('requestId', requestId);
    await next();
    withCommonHeaders(context.res, context.req.raw, requestId);
    if (isBelow(context.req.path, apiPath)) withPrivacy(context.res, context.req.raw);
    recordRequest(ports, context.req.raw, context.res.status, requestId, started);
  });
  app.onError((error, { req }) =>
    errorResponse(
      error instanceof HTTPException ? malformed(error, codesFor(parts, req.path), req.raw) : error,
      log,
      codesFor(parts, req.path),
    ),
  );
  return app;
}

/** Logs and counts a request that is answered. */
export function recordRequest(
  { log, metrics }: Pick<RecordPorts, 'log' | 'metrics'>,
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
export function codesFor(parts: readonly FeatureParts[], path: string): ErrorCodes {
  if (!isBelow(path, apiPath)) return 'distribution';
  const older = parts.flatMap(({ olderPaths = [] }) => olderPaths);
  return older.some((each) => isBelow(path, `${apiPath}${each}`)) ? 'distribution' : 'api';
}

/** Says whether a path is a place, or lies below it. */
export function isBelow(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

/** Hono itself throws only for a body that is not JSON, by its header or as it is. */
function malformed({ message, status }: HTTPException, codes: ErrorCodes, { headers }: Request): RegistryError {
  return status === 415 && codes === 'api'
    ? new RegistryError({ is: 'media-type-unsupported', given: headers.get('content-type') })
    : new RegistryError({ is: 'request-invalid', code: 'malformedBody', why: message });
}
