import type { OpenAPIHono } from '@hono/zod-openapi';
import { managementRoutes } from '../../../core/http/management.ts';
import { accessRoutes } from './access.ts';
import { anonymousRoutes } from './anonymous.ts';
import { issuerRoutes } from './issuers.ts';
import { meRoutes } from './me.ts';
import type { ManagementPorts } from './ports.ts';
import { registryRoutes } from './registry.ts';
import { scopeMapRoutes } from './scopemaps.ts';
import { signingKeyRoutes } from './signingkeys.ts';
import { tokenRoutes } from './tokens.ts';

/**
 * Makes the routes of the management API for identities and their limits. A caller who may write here can give itself
 * every right.
 */
export function identityRoutes(ports: ManagementPorts): OpenAPIHono {
  const api = managementRoutes();
  for (const routes of [
    tokenRoutes,
    scopeMapRoutes,
    anonymousRoutes,
    issuerRoutes,
    accessRoutes,
    signingKeyRoutes,
    registryRoutes,
    meRoutes,
  ])
    api.route('/', routes(ports));
  return api;
}
