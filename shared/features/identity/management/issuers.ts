import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import {
  absent,
  body,
  json,
  managementRoutes,
  nextLink,
  pageOf,
  pageSchema,
  timesSchema,
} from '../../../core/http/management.ts';
import type { IssuerDocument } from '../documents.ts';
import { issuerDocumentSchema } from '../documents.ts';
import { NamedDocuments } from './named.ts';
import type { ManagementPorts } from './ports.ts';
import { requireScopeMap, scopeMapNameSchema } from './scopemaps.ts';
import { shownSignIn, signInContentSchema, signInOf, signInSchema } from './sign-in-wire.ts';
import { inPath } from './wire.ts';

/**
 * Matches Entra ID's endpoints for every tenant: their tokens' issuer names the tenant, so trusting them would trust
 * all of them.
 */
const everyTenant = /\/(common|organizations|consumers|\{tenantid\})(\/|$)/i;

const issuerUrlSchema = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .refine((url) => !/[?#]/.test(url), 'must have no query and no fragment')
  .refine((url) => !everyTenant.test(url), 'must name one tenant');

const conditionSchema = z.object({
  claim: z
    .string()
    .min(1)
    .max(100)
    .openapi({ description: 'The name of a claim of the token.', example: 'repository' }),
  is: z
    .string()
    .min(1)
    .max(300)
    .refine((text) => /[^*]/.test(text), 'must not be * alone')
    .openapi({
      description: 'The value of the claim; * stands for any text. Of a list one element must match.',
      example: 'octo-org/*',
    }),
});

const contentSchema = z
  .object({
    issuer: issuerUrlSchema.openapi({
      description: 'The issuer, exactly as in the iss of the tokens.',
      example: 'https://token.actions.githubusercontent.com',
    }),
    audience: z
      .string()
      .min(1)
      .max(300)
      .openapi({ description: 'The required aud of the tokens.', example: 'longshore' }),
    // Half the world has tokens of a public issuer: the conditions must say which of them are ours.
    conditions: z
      .array(conditionSchema)
      .min(1)
      .max(20)
      .openapi({ description: 'The further required claims, all of which must match.' }),
    scopeMap: scopeMapNameSchema.openapi({ description: 'The scope map of callers with such a token.' }),
    signIn: signInContentSchema
      .optional()
      .openapi({ description: 'How people sign in to the portal through it; absent, nobody does.' }),
  })
  .openapi('TrustedIssuerContent', {
    description: 'An issuer whose tokens are accepted, with the conditions and the scope map.',
  });
const issuerSchema = z
  .object({
    name: z.string().openapi({ description: 'The name of the entry.' }),
    issuer: z.string().openapi({ description: "The iss of the tokens, as 'https://…'." }),
    audience: z.string().openapi({ description: 'The aud of the tokens.' }),
    conditions: z
      .array(
        z.object({
          claim: z.string().openapi({ description: 'The name of a claim.' }),
          is: z.string().openapi({ description: 'The required value; * stands for any text.' }),
        }),
      )
      .openapi({ description: 'The further required claims.' }),
    scopeMap: z.string().openapi({ description: 'The scope map of callers with such a token.' }),
    signIn: signInSchema
      .optional()
      .openapi({ description: 'How people sign in to the portal through it; absent, nobody does.' }),
    ...timesSchema,
  })
  .openapi('TrustedIssuer', { description: 'An issuer of tokens that are exchanged for those of the registry.' });
const listSchema = pageOf(issuerSchema, 'Trusted issuers in the order of their names.').openapi('TrustedIssuers', {
  description: 'A page of trusted issuers.',
});
const tag = {
  name: 'trusted issuers',
  description: 'Manages the OIDC issuers whose tokens are exchanged for those of the registry.',
};

const routes = {
  list: createRoute({
    method: 'get',
    path: '/trusted-issuers',
    operationId: 'listTrustedIssuers',
    summary: 'Lists the trusted issuers',
    description: 'Lists the issuers whose tokens are accepted in exchange, in the order of their names.',
    request: { query: pageSchema },
    responses: { 200: json('A page of trusted issuers.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/trusted-issuers/{name}',
    operationId: 'getTrustedIssuer',
    summary: 'Gets a trusted issuer',
    description: 'Gets one trusted issuer by the name of its entry.',
    request: inPath,
    responses: { ...absent('trustedIssuerNotFound'), 200: json('The trusted issuer.', issuerSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/trusted-issuers/{name}',
    operationId: 'putTrustedIssuer',
    summary: 'Creates or replaces a trusted issuer',
    description: 'Creates or replaces a trusted issuer. Its scope map must exist.',
    request: { ...inPath, ...body(contentSchema) },
    responses: {
      ...absent('scopeMapNotFound'),
      200: json('The trusted issuer was replaced.', issuerSchema),
      201: json('The trusted issuer was created.', issuerSchema),
    },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/trusted-issuers/{name}',
    operationId: 'deleteTrustedIssuer',
    summary: 'Deletes a trusted issuer',
    description:
      'Deletes a trusted issuer, whose tokens are accepted no more. Tokens that were exchanged ' +
      'already stay valid until they expire.',
    request: inPath,
    responses: { ...absent('trustedIssuerNotFound'), 204: { description: 'The trusted issuer was deleted.' } },
  }),
};

/** Makes the routes of `/trusted-issuers` of the management API. */
export function issuerRoutes(ports: ManagementPorts): OpenAPIHono {
  const issuers = new NamedDocuments(ports.documents, ports.registry, 'trusted-issuer', issuerDocumentSchema);
  const api = managementRoutes(tag);
  api.openapi(routes.list, async (context) => {
    const { limit, continuation } = context.req.valid('query');
    const page = await issuers.list(limit, continuation);
    return context.json({ items: page.items.map(onWire), ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.read, async (context) =>
    context.json(onWire(await issuers.require(context.req.valid('param').name)), 200),
  );
  api.openapi(routes.put, async (context) => {
    const { name } = context.req.valid('param');
    const { signIn: asked, ...content } = context.req.valid('json');
    await requireScopeMap(ports, content.scopeMap);
    const there = asked === undefined ? undefined : await issuers.find(name);
    const about = { name, issuer: content.issuer, before: there?.issuer === content.issuer ? there.signIn : undefined };
    const signIn = asked === undefined ? undefined : await signInOf(ports, about, asked);
    const now = ports.clock.now().toISOString();
    const { document, created } = await issuers.write(name, (before) => ({
      id: issuers.idOf(name),
      type: 'trusted-issuer',
      schemaVersion: 1,
      registry: ports.registry,
      name,
      ...content,
      ...defined({ signIn }),
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

type Asked = Pick<IssuerDocument, 'issuer' | 'audience' | 'conditions'>;

/**
 * Returns the age of conditions. Written again as they were, they are as old as before: an identity that satisfied them
 * still does.
 */
function sinceWhen(before: IssuerDocument | undefined, content: Asked, now: string): string {
  const asked = ({ issuer, audience, conditions }: Asked) =>
    JSON.stringify([issuer, audience, conditions.map(({ claim, is }) => [claim, is])]);
  return before !== undefined && asked(before) === asked(content) ? (before.conditionsSince ?? before.updatedAt) : now;
}

function onWire({ name, issuer, audience, conditions, scopeMap, signIn, createdAt, updatedAt }: IssuerDocument) {
  const shown = signIn === undefined ? undefined : shownSignIn(signIn);
  return { name, issuer, audience, conditions, scopeMap, ...defined({ signIn: shown }), createdAt, updatedAt };
}
