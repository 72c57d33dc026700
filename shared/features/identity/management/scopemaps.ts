import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { body, json, managementRoutes, pageSchema, refusals, timesSchema } from '../../../core/http/management.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { actionSchema, systemScopeMaps } from '../actions.ts';
import type { ScopeMapDocument } from '../documents.ts';
import { scopeMapDocumentSchema } from '../documents.ts';
import { NamedDocuments } from './named.ts';
import type { ManagementPorts } from './ports.ts';
import { inPath, nameSchema } from './wire.ts';

/** ACR's bound on the actions of one map. */
const maxActions = 500;

const contentSchema = z.object({
  description: z.string().max(256).default(''),
  actions: z
    .array(actionSchema)
    .min(1)
    .max(maxActions)
    .openapi({
      type: 'array',
      items: { type: 'string' },
      example: ['repositories/team/*/content/read', 'repositories/team/app/content/write'],
    }),
});
const scopeMapSchema = z
  .object({ name: z.string(), description: z.string(), actions: z.array(z.string()), ...timesSchema })
  .openapi('ScopeMap');
const listSchema = z
  .object({ scopeMaps: z.array(scopeMapSchema), continuation: z.string().optional() })
  .openapi('ScopeMaps');

const routes = {
  list: createRoute({
    method: 'get',
    path: '/scope-maps',
    summary: 'The scope maps, by name',
    request: { query: pageSchema },
    responses: { ...refusals, 200: json('One page.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/scope-maps/{name}',
    summary: 'One scope map',
    request: inPath,
    responses: { ...refusals, 200: json('It.', scopeMapSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/scope-maps/{name}',
    summary: 'Makes or replaces a scope map',
    request: { ...inPath, ...body(contentSchema) },
    responses: { ...refusals, 200: json('Replaced.', scopeMapSchema), 201: json('Made.', scopeMapSchema) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/scope-maps/{name}',
    summary: 'Removes a scope map that nothing uses',
    request: inPath,
    responses: { ...refusals, 204: { description: 'Removed.' } },
  }),
};

/** `/scope-maps` of the management API: what identities may do, by name. */
export function scopeMapRoutes(ports: ManagementPorts): OpenAPIHono {
  const maps = new NamedDocuments(ports.documents, ports.registry, 'scope-map', scopeMapDocumentSchema);
  const api = managementRoutes();
  api.openapi(routes.list, async (context) => {
    const { limit, continuation } = context.req.valid('query');
    const { items, ...next } = await maps.list(limit, continuation);
    return context.json({ scopeMaps: items.map(onWire), ...next }, 200);
  });
  api.openapi(routes.read, async (context) =>
    context.json(onWire(await maps.require(context.req.valid('param').name)), 200),
  );
  api.openapi(routes.put, async (context) => {
    const { name } = context.req.valid('param');
    const content = context.req.valid('json');
    const now = ports.clock.now().toISOString();
    const { document, created } = await maps.write(name, (before) => ({
      id: maps.idOf(name),
      type: 'scope-map',
      schemaVersion: 1,
      registry: ports.registry,
      name,
      ...content,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    }));
    ports.forget();
    return context.json(onWire(document), created ? 201 : 200);
  });
  api.openapi(routes.remove, async (context) => {
    const { name } = context.req.valid('param');
    await requireUnused(ports, name);
    await maps.delete(name);
    ports.forget();
    return context.body(null, 204);
  });
  return api;
}

function onWire({ name, description, actions, createdAt, updatedAt }: ScopeMapDocument) {
  return { name, description, actions, createdAt, updatedAt };
}

/** Its users would be left with nothing, and with everything that a later map of the same name grants. */
async function requireUnused({ documents, registry }: ManagementPorts, name: string): Promise<void> {
  const {
    documents: [user],
  } = await documents.queryDocuments({
    container: 'registries',
    partition: [registry],
    where: [{ path: 'scopeMap', is: '=', value: name }],
    limit: 1,
  });
  if (user !== undefined)
    throw new RegistryError({
      is: 'conflict',
      why: `the scope map "${name}" is used by ${user.document.id.replace(':', ' ')}`,
    });
}

/** A new user of a scope map names one that is there. Throws `RegistryError` (`thing-unknown`) and `StoreFailure`. */
export async function requireScopeMap({ documents, registry }: ManagementPorts, name: string): Promise<void> {
  if (Object.hasOwn(systemScopeMaps, name)) return;
  await new NamedDocuments(documents, registry, 'scope-map', scopeMapDocumentSchema).require(name);
}

/** The name of a map of the registry, or of one that all registries have. */
export const scopeMapNameSchema = z
  .union([nameSchema, z.string().refine((name) => Object.hasOwn(systemScopeMaps, name), 'is no scope map')])
  .openapi({ type: 'string', example: 'ci' });
