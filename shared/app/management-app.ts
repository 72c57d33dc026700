import { OpenAPIHono } from '@hono/zod-openapi';
import type { Hono } from 'hono';
import { lazily } from '../core/documents/once.ts';
import type { FeatureParts } from '../core/feature/feature.ts';
import { allowedMethods } from '../core/http/allowed-methods.ts';
import { errorResponse } from '../core/http/respond.ts';
import { RegistryError } from '../core/oci/faults.ts';
import { describeApi } from './api-document.ts';
import type { AppPorts } from './app-ports.ts';
import type { Recorded } from './recorded.ts';
import { apiPath, codesFor, recordedApp } from './recorded.ts';
import { requireManagement } from './require-management.ts';

/**
 * Makes the management API of all features. It is imported and made at the first request to it: an instance that only
 * serves pulls never pays for the schemas of its operations.
 */
export async function managementApp(ports: AppPorts): Promise<Hono<Recorded>> {
  const { parts, log } = ports;
  const { portalCallers, inbound } = ports.given;
  const app = recordedApp(ports);
  app.use(`${apiPath}/*`, requireManagement(portalCallers, { parts, inbound }));
  app.route(apiPath, await describedRoutes(parts));
  app.notFound(({ req: { path } }) => errorResponse(unrouted(app, path, parts), log, codesFor(parts, path)));
  return app;
}

/** A path that is there for other methods says so; what else there is stands in the document. */
function unrouted(app: Hono<Recorded>, path: string, parts: readonly FeatureParts[]): RegistryError {
  const hint = `GET ${apiPath}/openapi.json describes all requests`;
  if (codesFor(parts, path) !== 'api') return new RegistryError({ is: 'route-unknown', path });
  const allow = allowedMethods(app.routes, path);
  if (allow.length > 0) return new RegistryError({ is: 'method-not-allowed', allow });
  return new RegistryError({ is: 'route-unknown', path, hint });
}

async function describedRoutes(parts: readonly FeatureParts[]): Promise<OpenAPIHono> {
  const api = new OpenAPIHono();
  const made = await Promise.all(parts.flatMap(({ routes }) => (routes === undefined ? [] : [routes()])));
  for (const routes of made) api.route('/', routes);
  // It takes longer to make than all the rest of a start, so it is made when it is first requested.
  const document = lazily(() => describeApi(api, parts));
  api.get('/openapi.json', async (context) => context.json(await document()));
  return api;
}
