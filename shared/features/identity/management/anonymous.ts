import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { readStored } from '../../../core/documents/stored.ts';
import { body, json, managementRoutes, refusals } from '../../../core/http/management.ts';
import { anonymousDocumentSchema, anonymousRef } from '../documents.ts';
import { patternSchema } from '../pattern.ts';
import type { ManagementPorts } from './ports.ts';

const contentSchema = z.object({
  repositories: z
    .array(patternSchema)
    .max(500)
    .openapi({ type: 'array', items: { type: 'string' }, example: ['public/*'] }),
});
const anonymousSchema = z.object({ repositories: z.array(z.string()) }).openapi('AnonymousPull');

const routes = {
  read: createRoute({
    method: 'get',
    path: '/anonymous',
    summary: 'What everyone may pull',
    responses: { ...refusals, 200: json('The patterns.', anonymousSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/anonymous',
    summary: 'Opens these repositories for pulls by everyone, and closes all others',
    request: body(contentSchema),
    responses: { ...refusals, 200: json('So it is.', anonymousSchema) },
  }),
};

/** `/anonymous` of the management API. */
export function anonymousRoutes(ports: ManagementPorts): OpenAPIHono {
  const { documents, registry, clock } = ports;
  const api = managementRoutes();
  api.openapi(routes.read, async (context) => {
    const open = await readStored(documents, anonymousDocumentSchema, anonymousRef(registry));
    return context.json({ repositories: open?.document.repositories ?? [] }, 200);
  });
  api.openapi(routes.put, async (context) => {
    const { repositories } = context.req.valid('json');
    const document = {
      id: anonymousRef(registry).id,
      type: 'anonymous',
      schemaVersion: 1,
      registry,
      repositories,
      updatedAt: clock.now().toISOString(),
    };
    await documents.commitDocuments('registries', [registry], [{ do: 'upsert', document }]);
    ports.forget();
    return context.json({ repositories }, 200);
  });
  return api;
}
