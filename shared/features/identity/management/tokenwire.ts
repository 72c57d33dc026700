import { createRoute, z } from '@hono/zod-openapi';
import { body, json, pageSchema, refusals, timesSchema } from '../../../core/http/management.ts';
import type { TokenDocument } from '../documents.ts';
import { passwordNames } from '../documents.ts';
import { administratorName } from '../identity.ts';
import type { NewPassword } from './passwords.ts';
import { scopeMapNameSchema } from './scopemaps.ts';
import { inPath, nameSchema } from './wire.ts';

const reserved = [administratorName, 'anonymous'];
const tokenNameSchema = nameSchema.refine(
  (name) => !reserved.includes(name.toLowerCase()),
  `must be none of ${reserved.join(', ')}`,
);
const statusSchema = z.enum(['enabled', 'disabled']);
const expiresAtSchema = z.iso
  .datetime()
  .optional()
  .openapi({ description: 'When the password is over; absent: never.' });
const passwordNameSchema = z.enum(passwordNames);

const newTokenSchema = z.object({
  name: tokenNameSchema,
  scopeMap: scopeMapNameSchema,
  status: statusSchema.default('enabled'),
  expiresAt: expiresAtSchema,
});
const changeSchema = z.object({ scopeMap: scopeMapNameSchema.optional(), status: statusSchema.optional() });

const passwordSchema = z.object({ name: passwordNameSchema, createdAt: z.string(), expiresAt: z.string().optional() });
const shownSchema = passwordSchema
  .extend({ value: z.string().openapi({ description: 'Shown this once.' }) })
  .openapi('TokenPassword');
const tokenSchema = z
  .object({
    name: z.string(),
    scopeMap: z.string(),
    status: statusSchema,
    passwords: z.array(passwordSchema),
    ...timesSchema,
  })
  .openapi('Token');
const madeSchema = tokenSchema.extend({ passwords: z.array(shownSchema) }).openapi('NewToken');
const listSchema = z.object({ tokens: z.array(tokenSchema), continuation: z.string().optional() }).openapi('Tokens');

const passwordPath = { params: z.object({ name: nameSchema, password: passwordNameSchema }) };

/** The routes of `/tokens`. */
export const tokenRouteTable = {
  list: createRoute({
    method: 'get',
    path: '/tokens',
    summary: 'The tokens, by name',
    request: { query: pageSchema },
    responses: { ...refusals, 200: json('One page.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/tokens/{name}',
    summary: 'One token, without its passwords',
    request: inPath,
    responses: { ...refusals, 200: json('It.', tokenSchema) },
  }),
  make: createRoute({
    method: 'post',
    path: '/tokens',
    summary: 'Makes a token with two passwords, shown this once',
    request: body(newTokenSchema),
    responses: { ...refusals, 201: json('Made.', madeSchema) },
  }),
  change: createRoute({
    method: 'patch',
    path: '/tokens/{name}',
    summary: 'Changes what a token may do, or whether it may anything',
    request: { ...inPath, ...body(changeSchema) },
    responses: { ...refusals, 200: json('Changed.', tokenSchema) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/tokens/{name}',
    summary: 'Removes a token',
    request: inPath,
    responses: { ...refusals, 204: { description: 'Removed.' } },
  }),
  renew: createRoute({
    method: 'post',
    path: '/tokens/{name}/passwords/{password}',
    summary: 'Makes one password anew, shown this once; the other stays',
    request: { ...passwordPath, ...body(z.object({ expiresAt: expiresAtSchema })) },
    responses: { ...refusals, 201: json('Made.', shownSchema) },
  }),
  revoke: createRoute({
    method: 'delete',
    path: '/tokens/{name}/passwords/{password}',
    summary: 'Takes one password away',
    request: passwordPath,
    responses: { ...refusals, 204: { description: 'Taken away.' } },
  }),
};

/** A token without anything secret. */
export function onWire({ name, scopeMap, status, passwords, createdAt, updatedAt }: TokenDocument) {
  const shown = passwordNames.flatMap((each) => {
    const password = passwords[each];
    return password === undefined ? [] : [{ name: each, ...timesOf(password) }];
  });
  return { name, scopeMap, status, passwords: shown, createdAt, updatedAt };
}

/** A password with its value: for the one answer that shows it. */
export function shownOnce({ name, value, stored }: NewPassword) {
  return { name, value, ...timesOf(stored) };
}

function timesOf({ createdAt, expiresAt }: NewPassword['stored']) {
  return { createdAt, ...(expiresAt === undefined ? {} : { expiresAt }) };
}
