import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { RegistryName } from '../oci/name.ts';
import type { ReadDocument } from '../ports/documents.ts';
import { repositorySchema } from '../state/names.ts';
import { readTotals } from './totals.ts';

const usageSchema = z
  .object({
    repository: z.string().openapi({ example: 'team/app' }),
    pushes: z.int().openapi({ description: 'Manifests pushed, each push counted.' }),
    images: z.int().openapi({ description: 'Manifests held; an index and its children count one each.' }),
    bytes: z.int().openapi({ description: 'Bytes of the manifests and of the blobs they reference, each blob once.' }),
  })
  .openapi('RepositoryUsage');

const faultSchema = z.object({ errors: z.array(z.object({ code: z.string(), message: z.string() })) }).openapi('Errors');

const route = createRoute({
  method: 'get',
  path: '/usage',
  summary: 'What a repository holds, and how often it was pushed to',
  request: { query: z.object({ repository: z.string().pipe(repositorySchema).openapi({ type: 'string', example: 'team/app' }) }) },
  responses: {
    200: { description: 'The counters. They follow a push within a second.', content: { 'application/json': { schema: usageSchema } } },
    404: { description: 'Nothing was ever pushed there.', content: { 'application/json': { schema: faultSchema } } },
  },
});

/** `GET /usage?repository=NAME` of the management API. */
export function usageRoutes(ports: { readonly documents: ReadDocument }, registry: RegistryName): OpenAPIHono {
  const routes = new OpenAPIHono();
  routes.openapi(route, async (context) => {
    const { repository } = context.req.valid('query');
    const total = await readTotals(ports.documents, { registry, repository });
    if (total === undefined) return context.json({ errors: [{ code: 'NAME_UNKNOWN', message: `nothing was ever pushed to ${repository}` }] }, 404);
    return context.json({ repository, pushes: total.pushes, images: total.images, bytes: total.bytes }, 200);
  });
  return routes;
}
