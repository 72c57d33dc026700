import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { readStored } from '../../../core/documents/stored.ts';
import { absent, json, managementRoutes, nameSchema, repositoryIn } from '../../../core/http/management.ts';
import { rightFor } from '../../../core/http/rights.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { RepositoryAction } from '../../../core/ports/authorize.ts';
import { issuerDocumentSchema, namedRef, tokenDocumentSchema } from '../documents.ts';
import type { Grants } from '../grants.ts';
import { decidingRule, repositoryActions } from '../grants.ts';
import { anonymousGrants, scopeMapGrants } from '../resolve.ts';
import { unknownNamed } from './named.ts';
import type { ManagementPorts } from './ports.ts';
import { accessTag } from './wire.ts';

const querySchema = z.object({
  token: nameSchema.optional().openapi({ description: 'The name of a token.' }),
  issuer: nameSchema.optional().openapi({
    description: 'The name of a trusted issuer. Without token and issuer the answer is about everyone.',
    example: 'github',
  }),
  repository: repositoryIn('The repository of the action.'),
  action: z.enum(repositoryActions).openapi({ description: 'The action in the repository. A push needs pull too.' }),
});
const answerSchema = z
  .object({
    allowed: z.boolean().openapi({ description: 'True if the action is allowed.' }),
    why: z.string().openapi({
      description: 'The rule that allows it, or the missing right.',
      example: 'scope map ci: repositories/team/*/content/read',
    }),
  })
  .openapi('AccessAnswer', { description: 'The decision on an action, with its reason.' });

const route = createRoute({
  method: 'get',
  path: '/access',
  operationId: 'explainAccess',
  summary: 'Explains whether an identity may act on a repository',
  description:
    'Explains whether a token, a trusted issuer or everyone may act on a repository, and which rule decides it.',
  request: { query: querySchema },
  responses: {
    ...absent('tokenNotFound', 'trustedIssuerNotFound'),
    200: json('The decision, and the rule that decides.', answerSchema),
  },
});

/** The rights of an identity by the documents as they are, or why it has none at all. */
interface Standing {
  readonly grants: Grants;
  readonly from: string;
  /** Set when it is refused whatever it asks. */
  readonly barred?: string;
}

/**
 * Makes the routes of `/access` of the management API: a refusal itself says nothing of its reason, and this explains
 * it to administrators.
 */
export function accessRoutes(ports: ManagementPorts): OpenAPIHono {
  const api = managementRoutes(accessTag);
  api.openapi(route, async (context) => {
    const { token, issuer, repository, action } = context.req.valid('query');
    const { grants, from, barred } = await standingOf(ports, token, issuer);
    if (barred !== undefined) return context.json({ allowed: false, why: barred }, 200);
    // A push asks first which blobs exist, and that needs the right to read.
    const taken: readonly RepositoryAction[] = action === 'push' ? ['push', 'pull'] : [action];
    const rules = taken.map((each) => decidingRule(grants, repository, each));
    const missing = taken
      .filter((_, at) => rules[at] === undefined)
      .map((each) => rightFor({ type: 'repository', name: repository, action: each }));
    if (missing.length > 0)
      return context.json(
        {
          allowed: false,
          why: `no rule of ${from} allows ${action} in ${repository}: it needs ${missing.join(' and ')}`,
        },
        200,
      );
    return context.json(
      { allowed: true, why: [...new Set(rules.flatMap((rule) => rule?.from ?? []))].join(', ') },
      200,
    );
  });
  return api;
}

async function standingOf(
  ports: ManagementPorts,
  token: string | undefined,
  issuer: string | undefined,
): Promise<Standing> {
  const { documents, registry } = ports;
  if (token !== undefined && issuer !== undefined)
    throw new RegistryError({
      is: 'request-invalid',
      why: 'token and issuer exclude each other: send one of them, or neither',
    });
  if (token !== undefined) return standingOfToken(ports, token);
  if (issuer === undefined) return { grants: await anonymousGrants(documents, registry), from: 'anonymous pull' };
  const entry = await readStored(documents, issuerDocumentSchema, namedRef(registry, 'trusted-issuer', issuer));
  if (entry === undefined) throw unknownNamed('trusted-issuer', issuer);
  return standingByMap(ports, entry.document.scopeMap);
}

async function standingOfToken(ports: ManagementPorts, name: string): Promise<Standing> {
  const token = (await readStored(ports.documents, tokenDocumentSchema, namedRef(ports.registry, 'token', name)))
    ?.document;
  if (token === undefined) throw unknownNamed('token', name);
  const standing = await standingByMap(ports, token.scopeMap);
  return token.status === 'enabled' ? standing : { ...standing, barred: `the token ${name} is disabled` };
}

async function standingByMap({ documents, registry }: ManagementPorts, scopeMap: string): Promise<Standing> {
  return { grants: await scopeMapGrants(documents, registry, scopeMap), from: `scope map ${scopeMap}` };
}
