import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { callerOf, json, managementRoutes } from '../../../core/http/management.ts';
import { rightFor } from '../../../core/http/rights.ts';
import type { Access, Caller } from '../../../core/ports/authorize.ts';
import type { Grants } from '../grants.ts';
import { allGrants } from '../grants.ts';
import type { KnownCaller } from '../identify.ts';
import { knownOf } from '../identify.ts';
import { actorOf } from '../identity.ts';
import { accessTag } from './wire.ts';

/** So many patterns are shown. */
const maxPatterns = 500;

const time = (description: string) => z.string().openapi({ format: 'date-time', description });
const meSchema = z
  .object({
    subject: z.string().openapi({ description: 'The identity, as events and logs name it.', example: 'ci' }),
    kind: z.enum(['token', 'admin', 'issuer', 'anonymous', 'open']).openapi({
      description: 'The kind of the identity; with open everyone may do everything, and nobody signs in.',
    }),
    name: z.string().optional().openapi({ description: 'The name for people, which the issuer says.' }),
    expiresAt: time('The time at which the credentials or the session end; absent, never.').optional(),
    rights: z
      .array(
        z.object({
          right: z.string().openapi({ description: 'A right in the whole registry.', example: 'management/read' }),
          allowed: z.boolean().openapi({ description: 'True if the caller has it.' }),
          why: z.string().optional().openapi({ description: 'The reason why not, and what to do.' }),
        }),
      )
      .openapi({ description: 'The rights in the whole registry.' }),
    repositories: z
      .array(
        z.object({
          pattern: z.string().openapi({ description: 'The name or pattern of repositories.', example: 'team/*' }),
          actions: z
            .array(z.string())
            .openapi({ description: 'The allowed actions in these repositories.', example: ['pull', 'push'] }),
        }),
      )
      .openapi({ description: 'The actions in repositories by pattern, at most 500.' }),
    session: z
      .object({
        idleUntil: time('The time at which the session ends when it is not used.'),
        until: time('The time at which the session ends in any case.'),
      })
      .optional()
      .openapi({ description: 'The session in the portal; absent when credentials came.' }),
  })
  .openapi('Me', { description: 'The identity of the caller, and what it may do now.' });

const route = createRoute({
  method: 'get',
  path: '/me',
  operationId: 'getMe',
  summary: 'Gets the identity of the caller',
  description: 'Gets who the caller is and what it may do now. It needs no right, and no credentials.',
  responses: { 200: json('The identity of the caller, with its rights.', meSchema) },
});

/** Makes the route `/me` of the management API. */
export function meRoutes(): OpenAPIHono {
  const api = managementRoutes(accessTag);
  api.openapi(route, (context) => {
    const caller = callerOf(context);
    const known = knownOf(caller);
    return context.json(known === undefined ? whereOpen(caller) : meOf(caller, known), 200);
  });
  return api;
}

const kinds = { administrator: 'admin', token: 'token', workload: 'issuer', anonymous: 'anonymous' } as const;

function meOf(caller: Caller, { proof: { identity, grants, until }, session }: KnownCaller) {
  return {
    subject: actorOf(identity),
    kind: kinds[identity.is],
    rights: rightsOf(
      caller,
      caller.anonymous === true ? 'sign in first' : 'ask an administrator to add it to your scope map',
    ),
    repositories: repositoriesOf(grants),
    ...defined({
      name: session?.name,
      expiresAt: until === undefined ? undefined : new Date(until).toISOString(),
      session:
        session === undefined
          ? undefined
          : { idleUntil: new Date(session.idleUntil).toISOString(), until: new Date(session.until).toISOString() },
    }),
  };
}

function whereOpen(caller: Caller) {
  return {
    subject: caller.actor,
    kind: 'open' as const,
    rights: rightsOf(caller, ''),
    repositories: repositoriesOf(allGrants),
  };
}

const accesses: readonly Access[] = [
  { type: 'management', name: 'api', action: 'read' },
  { type: 'management', name: 'api', action: 'write' },
  { type: 'registry', name: 'catalog', action: '*' },
];

function rightsOf(caller: Caller, next: string) {
  return accesses.map((access) => {
    const right = rightFor(access);
    return caller.may(access) ? { right, allowed: true } : { right, allowed: false, why: `you lack ${right}: ${next}` };
  });
}

/** Joins the rules of one pattern. */
function repositoriesOf({ rules }: Grants) {
  const byPattern = Map.groupBy(rules, ({ pattern }) => pattern);
  return [...byPattern].slice(0, maxPatterns).map(([pattern, all]) => ({
    pattern: String(pattern),
    actions: [...new Set(all.flatMap(({ actions }) => [...actions]))],
  }));
}
