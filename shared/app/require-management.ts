import type { HonoRequest, MiddlewareHandler } from 'hono';
import type { FeatureParts } from '../core/feature/feature.ts';
import { requireAccess } from '../core/http/access.ts';
import { boundManagementBody } from '../core/http/management-body.ts';
import { isRepositoryName } from '../core/oci/name.ts';
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
    const instead = repositoryAccess(context.req, parts);
    const caller = await callers.identify(context.req.raw, instead ?? needed);
    const isManager = instead === undefined || needed.every((access) => caller.may(access));
    if (needed.length > 0) requireAccess(caller, isManager ? needed : instead);
    context.set('caller', caller);
    if (!isRead(context.req.method)) inbound?.forget();
    await boundManagementBody(context.req, bodyBound(context.req, parts));
    await next();
  };
}

/** A caller whose rights were checked may send a larger body where a feature takes one. */
function bodyBound({ method, path }: HonoRequest, parts: readonly FeatureParts[]): number | undefined {
  return parts.flatMap(({ bodyBound: most }) => most?.(method, path.slice(apiPath.length)) ?? [])[0];
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

/**
 * Returns the right on the one repository of the query by which a caller may make this change, too. A query with two
 * repositories gives none: the right would be asked for one, and the other one changed.
 */
function repositoryAccess(request: HonoRequest, parts: readonly FeatureParts[]): Access[] | undefined {
  const path = request.path.slice(apiPath.length);
  const action = parts.flatMap(({ repositoryRight }) => repositoryRight?.(request.method, path) ?? [])[0];
  const [name, ...more] = action === undefined ? [] : (request.queries('repository') ?? []);
  if (action === undefined || name === undefined || more.length > 0 || !isRepositoryName(name)) return undefined;
  return [{ type: 'repository', name, action }];
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
