import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import {
  absent,
  body,
  conflicting,
  json,
  managementRoutes,
  nameSchema,
  nextLink,
  pageOf,
  pageSchema,
  timesSchema,
} from '../../../core/http/management.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { actionSchema, systemScopeMaps } from '../actions.ts';
import type { ScopeMapDocument } from '../documents.ts';
import { scopeMapDocumentSchema } from '../documents.ts';
import { NamedDocuments } from './named.ts';
import type { ManagementPorts } from './ports.ts';
import { inPath } from './wire.ts';

/** The number of actions that ACR allows in one map. */
const maxActions = 500;

const contentSchema = z
  .object({
    description: z.string().max(256).default('').openapi({ description: 'A description of the scope map.' }),
    actions: z
      .array(actionSchema)
      .min(1)
      .max(maxActions)
      .openapi({
        type: 'array',
        items: { type: 'string' },
        description:
          'The allowed actions as in ACR: repositories/NAME/VERB, catalog/read, management/read, ' +
          'management/write, in-use/SOURCE/write. NAME may be a pattern: * stands for anything but a ' +
          'slash, ** for anything, and a * at the end for the same as **, so team/* is all below team/. ' +
          'Only in scope maps does a * at the end mean that.',
        example: ['repositories/team/*/content/read', 'repositories/team/app/content/write'],
      }),
  })
  .openapi('ScopeMapContent', { description: 'The actions that the identities of a scope map may do.' });
const scopeMapSchema = z
  .object({
    name: z.string().openapi({ description: 'The name of the scope map.' }),
    description: z.string().openapi({ description: 'A description of the scope map.' }),
    actions: z.array(z.string()).openapi({ description: 'The allowed actions, as in repositories/NAME/content/read.' }),
    ...timesSchema,
  })
  .openapi('ScopeMap', { description: 'The actions that tokens and trusted issuers with this scope map may do.' });
const listSchema = pageOf(scopeMapSchema, 'Scope maps in the order of their names.').openapi('ScopeMaps', {
  description: 'A page of scope maps.',
});
const tag = { name: 'scope maps', description: 'Manages named lists of actions for tokens and trusted issuers.' };

const routes = {
  list: createRoute({
    method: 'get',
    path: '/scope-maps',
    operationId: 'listScopeMaps',
    summary: 'Lists the scope maps',
    description: 'Lists the scope maps of the registry in the order of their names.',
    request: { query: pageSchema },
    responses: { 200: json('A page of scope maps.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/scope-maps/{name}',
    operationId: 'getScopeMap',
    summary: 'Gets a scope map',
    description: 'Gets one scope map by its name.',
    request: inPath,
    responses: { ...absent('scopeMapNotFound'), 200: json('The scope map.', scopeMapSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/scope-maps/{name}',
    operationId: 'putScopeMap',
    summary: 'Creates or replaces a scope map',
    description: 'Creates a scope map, or replaces its actions. The change applies to its tokens at once.',
    request: { ...inPath, ...body(contentSchema) },
    responses: {
      200: json('The scope map was replaced.', scopeMapSchema),
      201: json('The scope map was created.', scopeMapSchema),
    },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/scope-maps/{name}',
    operationId: 'deleteScopeMap',
    summary: 'Deletes a scope map',
    description: 'Deletes a scope map that no token and no trusted issuer uses.',
    request: inPath,
    responses: {
      ...absent('scopeMapNotFound'),
      ...conflicting('scopeMapInUse'),
      204: { description: 'The scope map was deleted.' },
    },
  }),
};

/** Makes the routes of `/scope-maps` of the management API: rights of identities, by name. */
export function scopeMapRoutes(ports: ManagementPorts): OpenAPIHono {
  const maps = new NamedDocuments(ports.documents, ports.registry, 'scope-map', scopeMapDocumentSchema);
  const api = managementRoutes(tag);
  api.openapi(routes.list, async (context) => {
    const { limit, continuation } = context.req.valid('query');
    const page = await maps.list(limit, continuation);
    return context.json({ items: page.items.map(onWire), ...nextLink(context.req, page.continuation) }, 200);
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

/**
 * Requires that a map has no users: they would be left with nothing, and with everything that a later map of the same
 * name grants.
 */
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
      code: 'scopeMapInUse',
      why:
        `the scope map "${name}" is used by ${user.document.id.replace(':', ' ')}: give that another ` +
        'scope map, or delete it first',
    });
}

/**
 * Requires that a scope map exists, for a new user of it. Throws `RegistryError` (`thing-unknown`) and `StoreFailure`.
 */
export async function requireScopeMap({ documents, registry }: ManagementPorts, name: string): Promise<void> {
  if (Object.hasOwn(systemScopeMaps, name)) return;
  await new NamedDocuments(documents, registry, 'scope-map', scopeMapDocumentSchema).require(name);
}

/** The name of a map of the registry, or of one that all registries have. */
export const scopeMapNameSchema = z
  .union([
    nameSchema,
    z
      .string()
      .refine(
        (name) => Object.hasOwn(systemScopeMaps, name),
        'is not a scope map: create it first by PUT /api/v1/scopeMaps/NAME',
      ),
  ])
  .openapi({
    type: 'string',
    example: 'ci',
    description: 'The name of a scope map, or of one that every registry has.',
  });
