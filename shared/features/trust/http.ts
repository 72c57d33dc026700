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
} from '../../core/http/management.ts';
import { targetOf } from '../../core/http/target.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { PolicyRoutePorts } from '../../core/verdicts/policy-routes.ts';
import { verdictPolicyRoutes } from '../../core/verdicts/policy-routes.ts';
import { beginWalk } from '../../core/verdicts/walk.ts';
import { importPolicies } from './import/import.ts';
import { importRoute } from './import/wire.ts';
import { trustPolicies, trustSettingsSchema } from './policy.ts';
import type { TrustedRoot } from './roots.ts';
import { listRoots, trustedRoots } from './roots.ts';
import { readTrustedRoot } from './sigstore/trusted-root.ts';

const words = {
  tag: { name: 'trust', description: 'Manages the policies and roots by which signatures of images count.' },
  path: '/trust/policies',
  one: 'trust policy',
  component: 'TrustPolicy',
  code: 'trustPolicyNotFound',
} as const;

const rootSchema = z
  .object({
    name: z.string().openapi({ description: 'The name by which authorities name the root.' }),
    notes: z.array(z.string()).openapi({ description: 'The parts of it that are not used, and why.' }),
    ...timesSchema,
  })
  .openapi('TrustedRoot', { description: 'A trusted root of sigstore.' });

const givenSchema = z
  .strictObject({
    trustedRoot: z.record(z.string().max(200), z.unknown()).openapi({
      description: "The JSON of the root, as sigstore's operators publish it in trusted_root.json.",
    }),
  })
  .openapi('TrustedRootContent', { description: 'The content of a trusted root.' });

const params = z.object({
  name: nameSchema.openapi({ description: 'The name of a trusted root.', example: 'public-good' }),
});

const routes = {
  list: createRoute({
    method: 'get',
    path: '/trust/roots',
    operationId: 'listTrustedRoots',
    summary: 'Lists the trusted roots',
    description: 'Lists the trusted roots of sigstore in the order of their names.',
    request: { query: pageSchema },
    responses: {
      200: json(
        'A page of trusted roots.',
        pageOf(rootSchema, 'The trusted roots.').openapi('TrustedRoots', { description: 'A page of trusted roots.' }),
      ),
    },
  }),
  read: createRoute({
    method: 'get',
    path: '/trust/roots/{name}',
    operationId: 'getTrustedRoot',
    summary: 'Gets a trusted root',
    description: 'Gets what is known of a trusted root, by its name.',
    request: { params },
    responses: { ...absent('trustedRootNotFound'), 200: json('The trusted root.', rootSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/trust/roots/{name}',
    operationId: 'putTrustedRoot',
    summary: 'Creates or replaces a trusted root',
    description:
      'Creates a trusted root, or replaces it. The images that its authorities judge are judged anew. `public-good` is ' +
      'the name that authorities go by where they name none.',
    request: { params, ...body(givenSchema) },
    responses: {
      ...conflicting('trustedRootUnusable'),
      200: json('The trusted root was replaced.', rootSchema),
      201: json('The trusted root was created.', rootSchema),
    },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/trust/roots/{name}',
    operationId: 'deleteTrustedRoot',
    summary: 'Deletes a trusted root',
    description: 'Deletes a trusted root. The images that its authorities judge are judged anew.',
    request: { params },
    responses: { ...absent('trustedRootNotFound'), 204: { description: 'The trusted root was deleted.' } },
  }),
};

interface Ports extends PolicyRoutePorts {
  readonly clock: Clock;
  readonly ids: RandomIds;
}

/** Makes the routes of `/trust` of the management API. */
export function trustRoutes(ports: Ports): OpenAPIHono {
  const api = managementRoutes(words.tag);
  api.openapi(importRoute, async (context) => {
    const { policies, notes } = await importPolicies(ports, context.req.valid('json'), targetOf(context.req.url).host);
    return context.json(
      { policies: policies.map(({ name, settings }) => ({ name, ...settings })), notes: [...notes] },
      200,
    );
  });
  api.route('/', verdictPolicyRoutes(ports, trustPolicies, trustSettingsSchema, words));
  const { documents, registry, places, clock } = ports;
  api.openapi(routes.list, async (context) => {
    const all = await listRoots(documents, registry);
    const page = places.pageOf('trusted roots', all, ({ name }) => name, context.req.valid('query'));
    return context.json({ items: page.items.map(shown), ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.read, async (context) => {
    const { name } = context.req.valid('param');
    const found = await trustedRoots.find(documents, { registry, name });
    if (found === undefined) throw unknown(name);
    return context.json(shown(found.document), 200);
  });
  api.openapi(routes.put, async (context) => {
    const { name } = context.req.valid('param');
    const text = JSON.stringify(context.req.valid('json').trustedRoot);
    const reading = readTrustedRoot(Buffer.from(text), name);
    if (reading.is === 'refused')
      throw new RegistryError({ is: 'conflict', code: 'trustedRootUnusable', why: reading.reason });
    const before = await trustedRoots.find(documents, { registry, name });
    const at = clock.now().toISOString();
    const root: TrustedRoot = {
      id: trustedRoots.ref({ registry, name }).id,
      type: 'trusted-root',
      schemaVersion: 1,
      registry,
      name,
      text,
      createdAt: before?.document.createdAt ?? at,
      updatedAt: at,
    };
    await documents.commitDocuments(
      'registries',
      [registry],
      [{ do: 'upsert', document: { ...root } }, beginWalk(ports, registry)],
    );
    return context.json(shown(root), before === undefined ? 201 : 200);
  });
  api.openapi(routes.remove, async (context) => {
    const { name } = context.req.valid('param');
    const outcome = await documents.commitDocuments(
      'registries',
      [registry],
      [{ do: 'delete', id: trustedRoots.ref({ registry, name }).id }, beginWalk(ports, registry)],
    );
    if (!outcome.committed) throw unknown(name);
    return context.body(null, 204);
  });
  return api;
}

function shown({ name, text, createdAt, updatedAt }: TrustedRoot) {
  const reading = readTrustedRoot(Buffer.from(text), name);
  const notes = reading.is === 'read' ? [...reading.trust.notes] : [reading.reason];
  return { name, notes, createdAt, updatedAt };
}

function unknown(name: string): RegistryError {
  return new RegistryError({ is: 'thing-unknown', code: 'trustedRootNotFound', what: `trusted root "${name}"` });
}
