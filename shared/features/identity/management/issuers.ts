import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { body, json, managementRoutes, pageSchema, refusals, timesSchema } from '../../../core/http/management.ts';
import type { IssuerDocument } from '../documents.ts';
import { issuerDocumentSchema } from '../documents.ts';
import { NamedDocuments } from './named.ts';
import type { ManagementPorts } from './ports.ts';
import { requireScopeMap, scopeMapNameSchema } from './scopemaps.ts';
import { inPath } from './wire.ts';

/**
 * Entra ID's endpoints for every tenant: their tokens' issuer names the tenant, so trusting them would trust all of
 * them.
 */
const everyTenant = /\/(common|organizations|consumers|\{tenantid\})(\/|$)/i;

const issuerUrlSchema = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .refine((url) => !/[?#]/.test(url), 'must have no query and no fragment')
  .refine((url) => !everyTenant.test(url), 'must name one tenant');

const conditionSchema = z.object({
  claim: z.string().min(1).max(100).openapi({ example: 'repository' }),
  is: z
    .string()
    .min(1)
    .max(300)
    .refine((text) => /[^*]/.test(text), 'must be more than *')
    .openapi({
      description: "The claim's text; * stands for any. Of a list one element must match.",
      example: 'octo-org/*',
    }),
});

const contentSchema = z.object({
  issuer: issuerUrlSchema.openapi({
    description: "As the tokens' iss has it.",
    example: 'https://token.actions.githubusercontent.com',
  }),
  audience: z.string().min(1).max(300).openapi({ example: 'longshore' }),
  // Half the world has tokens of a public issuer: what makes one of them ours must be said.
  conditions: z.array(conditionSchema).min(1).max(20),
  scopeMap: scopeMapNameSchema,
});
const issuerSchema = z
  .object({
    name: z.string(),
    issuer: z.string(),
    audience: z.string(),
    conditions: z.array(z.object({ claim: z.string(), is: z.string() })),
    scopeMap: z.string(),
    ...timesSchema,
  })
  .openapi('TrustedIssuer');
const listSchema = z
  .object({ trustedIssuers: z.array(issuerSchema), continuation: z.string().optional() })
  .openapi('TrustedIssuers');

const routes = {
  list: createRoute({
    method: 'get',
    path: '/trusted-issuers',
    summary: 'Whose tokens are accepted in exchange, by name',
    request: { query: pageSchema },
    responses: { ...refusals, 200: json('One page.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/trusted-issuers/{name}',
    summary: 'One trusted issuer',
    request: inPath,
    responses: { ...refusals, 200: json('It.', issuerSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/trusted-issuers/{name}',
    summary: 'Trusts an issuer, or changes how far',
    request: { ...inPath, ...body(contentSchema) },
    responses: { ...refusals, 200: json('Changed.', issuerSchema), 201: json('Made.', issuerSchema) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/trusted-issuers/{name}',
    summary: 'Trusts it no longer',
    request: inPath,
    responses: { ...refusals, 204: { description: 'Removed.' } },
  }),
};

/** `/trusted-issuers` of the management API. */
export function issuerRoutes(ports: ManagementPorts): OpenAPIHono {
  const issuers = new NamedDocuments(ports.documents, ports.registry, 'trusted-issuer', issuerDocumentSchema);
  const api = managementRoutes();
  api.openapi(routes.list, async (context) => {
    const { limit, continuation } = context.req.valid('query');
    const { items, ...next } = await issuers.list(limit, continuation);
    return context.json({ trustedIssuers: items.map(onWire), ...next }, 200);
  });
  api.openapi(routes.read, async (context) =>
    context.json(onWire(await issuers.require(context.req.valid('param').name)), 200),
  );
  api.openapi(routes.put, async (context) => {
    const { name } = context.req.valid('param');
    const content = context.req.valid('json');
    await requireScopeMap(ports, content.scopeMap);
    const now = ports.clock.now().toISOString();
    const { document, created } = await issuers.write(name, (before) => ({
      id: issuers.idOf(name),
      type: 'trusted-issuer',
      schemaVersion: 1,
      registry: ports.registry,
      name,
      ...content,
      conditionsSince: sinceWhen(before, content, now),
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    }));
    ports.forget();
    return context.json(onWire(document), created ? 201 : 200);
  });
  api.openapi(routes.remove, async (context) => {
    await issuers.delete(context.req.valid('param').name);
    ports.forget();
    return context.body(null, 204);
  });
  return api;
}

/** Written again as they were, conditions are as old as they were: who satisfied them still does. */
function sinceWhen(before: IssuerDocument | undefined, content: z.infer<typeof contentSchema>, now: string): string {
  const asked = ({ issuer, audience, conditions }: Pick<IssuerDocument, 'issuer' | 'audience' | 'conditions'>) =>
    JSON.stringify([issuer, audience, conditions.map(({ claim, is }) => [claim, is])]);
  return before !== undefined && asked(before) === asked(content) ? (before.conditionsSince ?? before.updatedAt) : now;
}

function onWire({ name, issuer, audience, conditions, scopeMap, createdAt, updatedAt }: IssuerDocument) {
  return { name, issuer, audience, conditions, scopeMap, createdAt, updatedAt };
}
