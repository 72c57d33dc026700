import type { OpenAPIHono } from '@hono/zod-openapi';
import { defined } from '../../core/documents/defined.ts';
import { causeIn, managementRoutes, nextLink } from '../../core/http/management.ts';
import type { Documents } from '../../core/ports/documents.ts';
import { beginBulk, cancelBulk, onWire, requireBulk, undoBulk } from './bulk.ts';
import { bulks } from './bulk-documents.ts';
import { bulkPreviewRoute, previewBulk } from './bulk-preview.ts';
import { bulkRoutes as routes, bulkTag } from './bulk-wire.ts';
import type { BulkPorts } from './bulk-work.ts';

/** Makes the routes of bulk deletions. `listed` seals the places of pages. */
export function bulkRoutes(ports: BulkPorts, listed: Documents): OpenAPIHono {
  const { registry } = ports;
  const api = managementRoutes(bulkTag);
  api.openapi(bulkPreviewRoute, async (context) =>
    context.json(await previewBulk(ports, context.req.valid('query')), 200),
  );
  api.openapi(routes.create, async (context) =>
    context.json(await beginBulk(ports, context.req.valid('json'), causeIn(context)), 202),
  );
  api.openapi(routes.list, async (context) => {
    const { limit, continuation } = context.req.valid('query');
    const page = await bulks.page(listed, {
      partition: [registry],
      where: [{ path: 'type', is: '=', value: 'bulk-deletion' }],
      orderBy: { path: 'createdAt', direction: 'desc' },
      limit,
      ...defined({ continuation }),
    });
    return context.json({ items: page.items.map(onWire), ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.read, async (context) =>
    context.json(onWire(await requireBulk(ports, context.req.valid('param').id)), 200),
  );
  api.openapi(routes.cancel, async (context) =>
    context.json(await cancelBulk(ports, context.req.valid('param').id), 200),
  );
  api.openapi(routes.undo, async (context) =>
    context.json(await undoBulk(ports, context.req.valid('param').id, causeIn(context)), 202),
  );
  return api;
}
