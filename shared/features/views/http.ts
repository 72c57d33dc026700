import type { OpenAPIHono } from '@hono/zod-openapi';
import { managementRoutes, nextLink } from '../../core/http/management.ts';
import { manifestRows } from './manifests.ts';
import type { OverviewPorts } from './overview.ts';
import { overviewOf } from './overview.ts';
import { overviewRoute } from './overview-wire.ts';
import { repositoryRows } from './repositories.ts';
import { repositoriesRoute, treeRoute } from './repositories-wire.ts';
import { tagRows } from './tags.ts';
import { manifestsRoute, tagsRoute } from './tags-wire.ts';
import { treePage } from './tree.ts';
import { viewsTag } from './wire.ts';

/** Makes the routes of the views. */
export function viewRoutes(ports: OverviewPorts): OpenAPIHono {
  const { registry } = ports;
  const api = managementRoutes(viewsTag);
  api.openapi(overviewRoute, async (context) => context.json(await overviewOf(ports, registry), 200));
  api.openapi(repositoriesRoute, async (context) => {
    const { continuation, ...page } = await repositoryRows(ports, context.req.valid('query'));
    return context.json({ ...page, ...nextLink(context.req, continuation) }, 200);
  });
  api.openapi(treeRoute, async (context) => {
    const { items, continuation } = await treePage(ports, context.req.valid('query'));
    return context.json({ items, ...nextLink(context.req, continuation) }, 200);
  });
  api.openapi(tagsRoute, async (context) => {
    const query = context.req.valid('query');
    const { continuation, ...page } = await tagRows(ports, { registry, repository: query.repository }, query);
    return context.json({ ...page, ...nextLink(context.req, continuation) }, 200);
  });
  api.openapi(manifestsRoute, async (context) => {
    const query = context.req.valid('query');
    const { items, continuation } = await manifestRows(ports, { registry, repository: query.repository }, query);
    return context.json({ items, ...nextLink(context.req, continuation) }, 200);
  });
  return api;
}
