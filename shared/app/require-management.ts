import type { MiddlewareHandler } from 'hono';
import type { FeatureParts } from '../core/feature/feature.ts';
import { requireAccess } from '../core/http/access.ts';
import { boundManagementBody } from '../core/http/management-body.ts';
import type { Access, IdentifyCaller } from '../core/ports/authorize.ts';
import type { AppPorts, GivenToApp } from './app-ports.ts';
import { apiPath } from './recorded.ts';

/** The management API as a whole asks who calls; what it reads must be allowed, and what it changes. */
export function requireManagement(
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
    const needed = isOwnPath(context.req, parts) ? [] : [managementAccess(context.req, parts)];
    const caller = await callers.identify(context.req.raw, needed);
    if (needed.length > 0) requireAccess(caller, needed);
    context.set('caller', caller);
    if (!isRead(context.req.method)) inbound?.forget();
    await boundManagementBody(context.req);
    await next();
  };
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Says whether somebody asks about itself, strangers included. */
function isOwnPath(
  { method, path }: { readonly method: string; readonly path: string },
  parts: readonly FeatureParts[],
): boolean {
  return isRead(method) && parts.some(({ ownPaths = [] }) => ownPaths.includes(path.slice(apiPath.length)));
}

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
