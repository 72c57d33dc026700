import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { readStored } from '../../../core/documents/stored.ts';
import { body, json, managementRoutes } from '../../../core/http/management.ts';
import { anonymousDocumentSchema, anonymousRef } from '../documents.ts';
import { patternSchema } from '../pattern.ts';
import type { ManagementPorts } from './ports.ts';
import { accessTag } from './wire.ts';

const contentSchema = z
  .object({
    repositories: z
      .array(patternSchema)
      .max(500)
      .openapi({
        type: 'array',
        items: { type: 'string' },
        description:
          'The names or patterns of repositories: * stands for anything but a slash, ** for anything, and ' +
          'a * at the end for the same as **.',
        example: ['public/*'],
      }),
  })
  .openapi('AnonymousPullContent', { description: 'The repositories that everyone may pull from.' });
const anonymousSchema = z
  .object({ repositories: z.array(z.string()).openapi({ description: 'The names and patterns of names.' }) })
  .openapi('AnonymousPull', { description: 'The repositories that everyone may pull from.' });

const routes = {
  read: createRoute({
    method: 'get',
    path: '/anonymous',
    operationId: 'getAnonymousPull',
    summary: 'Gets the repositories open to everyone',
    description: 'Gets the repositories that may be pulled from without credentials.',
    responses: { 200: json('The repositories open to everyone.', anonymousSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/anonymous',
    operationId: 'setAnonymousPull',
    summary: 'Sets the repositories open to everyone',
    description: 'Opens these repositories for pulls without credentials, and closes all others.',
    request: body(contentSchema),
    responses: { 200: json('The repositories that are open to everyone now.', anonymousSchema) },
  }),
};

/** Makes the routes of `/anonymous` of the management API. */
export function anonymousRoutes(ports: ManagementPorts): OpenAPIHono {
  const { documents, registry, clock } = ports;
  const api = managementRoutes(accessTag);
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
