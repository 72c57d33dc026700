import type { OpenAPIHono } from '@hono/zod-openapi';
import { managementRoutes, nextLink } from '../../../core/http/management.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { TokenDocument } from '../documents.ts';
import { passwordNames, tokenDocumentSchema } from '../documents.ts';
import { makeSalt } from '../password.ts';
import { NamedDocuments } from './named.ts';
import { newPassword } from './passwords.ts';
import type { ManagementPorts } from './ports.ts';
import { requireScopeMap } from './scopemaps.ts';
import { onWire, shownOnce, tokenRouteTable, tokensTag } from './tokenwire.ts';

type Tokens = NamedDocuments<TokenDocument>;

/** Makes the routes of `/tokens` of the management API: named identities with two passwords each. */
export function tokenRoutes(ports: ManagementPorts): OpenAPIHono {
  const tokens: Tokens = new NamedDocuments(ports.documents, ports.registry, 'token', tokenDocumentSchema);
  const api = managementRoutes(tokensTag);
  readingRoutes(api, tokens);
  changingRoutes(api, ports, tokens);
  passwordRoutes(api, ports, tokens);
  return api;
}

function readingRoutes(api: OpenAPIHono, tokens: Tokens): void {
  api.openapi(tokenRouteTable.list, async (context) => {
    const { limit, continuation } = context.req.valid('query');
    const page = await tokens.list(limit, continuation);
    return context.json({ items: page.items.map(onWire), ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(tokenRouteTable.read, async (context) =>
    context.json(onWire(await tokens.require(context.req.valid('param').name)), 200),
  );
}

function changingRoutes(api: OpenAPIHono, ports: ManagementPorts, tokens: Tokens): void {
  api.openapi(tokenRouteTable.make, async (context) => {
    const { document, shown } = await makeToken(ports, tokens, context.req.valid('json'));
    return context.json({ ...onWire(document), passwords: shown.map(shownOnce) }, 201);
  });
  api.openapi(tokenRouteTable.change, async (context) => {
    const { scopeMap, status } = context.req.valid('json');
    if (scopeMap !== undefined) await requireScopeMap(ports, scopeMap);
    const changed = await tokens.change(context.req.valid('param').name, (before) => ({
      ...before,
      scopeMap: scopeMap ?? before.scopeMap,
      status: status ?? before.status,
      updatedAt: ports.clock.now().toISOString(),
    }));
    ports.forget();
    return context.json(onWire(changed), 200);
  });
  api.openapi(tokenRouteTable.remove, async (context) => {
    await tokens.delete(context.req.valid('param').name);
    ports.forget();
    return context.body(null, 204);
  });
}

function passwordRoutes(api: OpenAPIHono, ports: ManagementPorts, tokens: Tokens): void {
  api.openapi(tokenRouteTable.renew, async (context) => {
    const { name, password } = context.req.valid('param');
    const { salt } = await tokens.require(name);
    const made = newPassword(password, {
      salt,
      id: ports.ids.nextId(),
      now: ports.clock.now(),
      expiresAt: context.req.valid('json').expiresAt,
    });
    await tokens.change(name, (before) => {
      // The token was removed and created again in between: the hash has another salt.
      if (before.salt !== salt)
        throw new RegistryError({
          is: 'conflict',
          code: 'tokenReplaced',
          why: `the token "${name}" has just been replaced by another request: read it again`,
        });
      return {
        ...before,
        passwords: { ...before.passwords, [password]: made.stored },
        updatedAt: made.stored.createdAt,
      };
    });
    ports.forget();
    return context.json(shownOnce(made), 201);
  });
  api.openapi(tokenRouteTable.revoke, async (context) => {
    const { name, password } = context.req.valid('param');
    await tokens.change(name, (before) => {
      const { [password]: _taken, ...passwords } = before.passwords;
      return { ...before, passwords, updatedAt: ports.clock.now().toISOString() };
    });
    ports.forget();
    return context.body(null, 204);
  });
}

interface NewToken {
  readonly name: string;
  readonly scopeMap: string;
  readonly status: TokenDocument['status'];
  readonly expiresAt?: string | undefined;
}

async function makeToken(ports: ManagementPorts, tokens: Tokens, { name, scopeMap, status, expiresAt }: NewToken) {
  await requireScopeMap(ports, scopeMap);
  const salt = makeSalt();
  const now = ports.clock.now();
  const shown = passwordNames.map((each) => newPassword(each, { salt, id: ports.ids.nextId(), now, expiresAt }));
  const passwords = Object.fromEntries(shown.map(({ name: each, stored }) => [each, stored]));
  const at = now.toISOString();
  const { document } = await tokens.write(name, (before) => {
    if (before !== undefined)
      throw new RegistryError({
        is: 'conflict',
        code: 'tokenExists',
        why: `a token "${name}" exists already: choose another name, or change it by PATCH`,
      });
    return {
      id: tokens.idOf(name),
      type: 'token',
      schemaVersion: 1,
      registry: ports.registry,
      name,
      scopeMap,
      status,
      salt,
      passwords,
      createdAt: at,
      updatedAt: at,
    };
  });
  ports.forget();
  return { document, shown };
}
