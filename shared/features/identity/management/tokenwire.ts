import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import {
  absent,
  body,
  conflicting,
  json,
  nameSchema,
  pageOf,
  pageSchema,
  timesSchema,
} from '../../../core/http/management.ts';
import type { TokenDocument } from '../documents.ts';
import { passwordNames } from '../documents.ts';
import { administratorName } from '../identity.ts';
import type { NewPassword } from './passwords.ts';
import { scopeMapNameSchema } from './scopemaps.ts';
import { inPath } from './wire.ts';

const reserved = [administratorName, 'anonymous'];
const tokenNameSchema = nameSchema.refine(
  (name) => !reserved.includes(name.toLowerCase()),
  `must not be one of ${reserved.join(', ')}`,
);
const statusSchema = z.enum(['enabled', 'disabled']).openapi({ description: 'True if the token can be used.' });
const expiresAtSchema = z.iso
  .datetime()
  .optional()
  .openapi({ description: 'The time at which the password expires; absent, never.' });
const passwordNameSchema = z.enum(passwordNames).openapi({ description: 'The name of one of the two passwords.' });

const newTokenSchema = z
  .object({
    name: tokenNameSchema,
    scopeMap: scopeMapNameSchema,
    status: statusSchema.default('enabled'),
    expiresAt: expiresAtSchema,
  })
  .openapi('TokenContent', { description: 'The properties of a new token.' });
const changeSchema = z
  .object({ scopeMap: scopeMapNameSchema.optional(), status: statusSchema.optional() })
  .openapi('TokenChange', { description: 'The changes of a token; absent properties stay as they are.' });

const passwordSchema = z.object({
  name: passwordNameSchema,
  createdAt: z.string().openapi({ format: 'date-time', description: 'The time at which it was created.' }),
  expiresAt: z
    .string()
    .optional()
    .openapi({ format: 'date-time', description: 'The time at which it expires; absent, never.' }),
});
const shownSchema = passwordSchema
  .extend({ value: z.string().openapi({ description: 'The value, which is shown only in this answer.' }) })
  .openapi('TokenPassword', { description: 'A password with its value.' });
const tokenSchema = z
  .object({
    name: z.string().openapi({ description: 'The name, which is also the user name for logins.' }),
    scopeMap: z.string().openapi({ description: 'The scope map with its actions.' }),
    status: statusSchema,
    passwords: z.array(passwordSchema).openapi({ description: 'Its passwords without their values.' }),
    ...timesSchema,
  })
  .openapi('Token', { description: 'An identity for machines, with two passwords.' });
const madeSchema = tokenSchema
  .extend({
    passwords: z.array(shownSchema).openapi({ description: 'Its passwords, which are shown only in this answer.' }),
  })
  .openapi('NewToken', { description: 'A token that was just created, with its passwords.' });
const listSchema = pageOf(tokenSchema, 'Tokens in the order of their names.').openapi('Tokens', {
  description: 'A page of tokens.',
});
const renewalSchema = z
  .object({ expiresAt: expiresAtSchema })
  .openapi('TokenPasswordContent', { description: 'The validity of the new password.' });

export const tokensTag = {
  name: 'tokens',
  description: 'Manages the identities of machines, each with two passwords.',
};

const passwordPath = { params: z.object({ name: nameSchema, password: passwordNameSchema }) };

/** The routes of `/tokens`. */
export const tokenRouteTable = {
  list: createRoute({
    method: 'get',
    path: '/tokens',
    operationId: 'listTokens',
    summary: 'Lists the tokens',
    description: 'Lists the tokens of the registry in the order of their names, without passwords.',
    request: { query: pageSchema },
    responses: { 200: json('A page of tokens.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/tokens/{name}',
    operationId: 'getToken',
    summary: 'Gets a token',
    description: 'Gets one token by its name, without the values of its passwords.',
    request: inPath,
    responses: { ...absent('tokenNotFound'), 200: json('The requested token.', tokenSchema) },
  }),
  make: createRoute({
    method: 'post',
    path: '/tokens',
    operationId: 'createToken',
    summary: 'Creates a token',
    description: 'Creates a token with two passwords, which are shown only in this answer.',
    request: body(newTokenSchema),
    responses: {
      ...absent('scopeMapNotFound'),
      ...conflicting('tokenExists'),
      201: json('The token was created.', madeSchema),
    },
  }),
  change: createRoute({
    method: 'patch',
    path: '/tokens/{name}',
    operationId: 'updateToken',
    summary: 'Changes a token',
    description: 'Gives a token another scope map, or disables or enables it.',
    request: { ...inPath, ...body(changeSchema) },
    responses: {
      ...absent('tokenNotFound', 'scopeMapNotFound'),
      200: json('The token as it is now.', tokenSchema),
    },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/tokens/{name}',
    operationId: 'deleteToken',
    summary: 'Deletes a token',
    description: 'Deletes a token with its passwords.',
    request: inPath,
    responses: { ...absent('tokenNotFound'), 204: { description: 'The token was deleted.' } },
  }),
  renew: createRoute({
    method: 'post',
    path: '/tokens/{name}/passwords/{password}',
    operationId: 'renewTokenPassword',
    summary: 'Renews a password of a token',
    description: 'Renews one password of a token, and shows it only in this answer; the other password stays valid.',
    request: { ...passwordPath, ...body(renewalSchema) },
    responses: {
      ...absent('tokenNotFound'),
      ...conflicting('tokenReplaced'),
      201: json('The new password.', shownSchema),
    },
  }),
  revoke: createRoute({
    method: 'delete',
    path: '/tokens/{name}/passwords/{password}',
    operationId: 'deleteTokenPassword',
    summary: 'Deletes a password of a token',
    description: 'Deletes one password of a token; the other password stays.',
    request: passwordPath,
    responses: { ...absent('tokenNotFound'), 204: { description: 'The password was deleted.' } },
  }),
};

/** Shows a token without anything secret. */
export function onWire({ name, scopeMap, status, passwords, createdAt, updatedAt }: TokenDocument) {
  const shown = passwordNames.flatMap((each) => {
    const password = passwords[each];
    return password === undefined ? [] : [{ name: each, ...timesOf(password) }];
  });
  return { name, scopeMap, status, passwords: shown, createdAt, updatedAt };
}

/** Shows a password with its value, for the one answer that has it. */
export function shownOnce({ name, value, stored }: NewPassword) {
  return { name, value, ...timesOf(stored) };
}

function timesOf({ createdAt, expiresAt }: NewPassword['stored']) {
  return { createdAt, ...defined({ expiresAt }) };
}
