import { createRoute, z } from '@hono/zod-openapi';
import { body, json, pageSchema, refusals, timesSchema } from '../../../core/http/management.ts';
import { shownUrl } from '../../../core/outbound/shown-url.ts';
import type { Webhook, WebhookSecret } from '../documents.ts';
import { formats } from '../documents.ts';
import { mask } from '../request.ts';
import { liveSecrets } from '../secrets.ts';
import type { NewSecret } from './changes.ts';
import { hookNameSchema, inHookPath, patchSchema, putSchema, secretTextSchema } from './hook-schema.ts';

const day = 24 * 3600;

const secretSchema = z
  .object({
    id: z.string(),
    createdAt: z.string(),
    expiresAt: z.string().optional().openapi({ description: 'It signs until then; absent: without end.' }),
  })
  .openapi('WebhookSecret');
const shownOnce = z
  .string()
  .openapi({ description: 'Shown this once.', example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' });
const hookSchema = z
  .object({
    name: z.string(),
    serviceUri: z.string(),
    customHeaders: z.record(z.string(), z.string()).openapi({ description: `Every value is ${mask}.` }),
    actions: z.array(z.string()),
    scope: z.string(),
    excludes: z.array(z.string()),
    status: z.enum(['enabled', 'disabled']),
    disabledBecause: z.string().optional().openapi({ description: 'Where it was not an administrator who did it.' }),
    failingSince: z
      .string()
      .optional()
      .openapi({ description: 'The receiver keeps failing: one delivery at a time is tried, the others wait.' }),
    format: z.enum(formats),
    retrySeconds: z.array(z.number()).optional(),
    giveUpSeconds: z.number().optional(),
    secrets: z.array(secretSchema).openapi({ description: 'Those that sign now, newest first.' }),
    ...timesSchema,
  })
  .openapi('Webhook');
const madeSchema = hookSchema.extend({ secret: shownOnce }).openapi('NewWebhook');
const listSchema = z.object({ webhooks: z.array(hookSchema), continuation: z.string().optional() }).openapi('Webhooks');
const newSecretSchema = secretSchema.extend({ secret: shownOnce }).openapi('NewWebhookSecret');

const rotateSchema = z
  .strictObject({
    secret: secretTextSchema.optional(),
    overlapSeconds: z
      .int()
      .min(0)
      .max(30 * day)
      .default(day)
      .openapi({
        description: 'How long the present secret signs too. 0 ends it at once, for when it is known to others.',
      }),
  })
  .openapi('WebhookRotation');
const secretPath = { params: z.object({ name: hookNameSchema, id: z.string().max(100) }) };

/** The routes of `/webhooks` that are about the hooks themselves. */
export const hookRouteTable = {
  list: createRoute({
    method: 'get',
    path: '/webhooks',
    summary: 'The webhooks, by name',
    request: { query: pageSchema },
    responses: { ...refusals, 200: json('One page.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/webhooks/{name}',
    summary: 'One webhook, without what is secret',
    request: inHookPath,
    responses: { ...refusals, 200: json('It.', hookSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/webhooks/{name}',
    summary: 'Makes a webhook, with a secret that is shown this once, or replaces all but its secrets',
    request: { ...inHookPath, ...body(putSchema) },
    responses: { ...refusals, 200: json('Replaced.', hookSchema), 201: json('Made.', madeSchema) },
  }),
  patch: createRoute({
    method: 'patch',
    path: '/webhooks/{name}',
    summary: 'Changes what is named of a webhook',
    request: { ...inHookPath, ...body(patchSchema) },
    responses: { ...refusals, 200: json('Changed.', hookSchema) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/webhooks/{name}',
    summary: 'Removes a webhook; what waits for it is cancelled',
    request: inHookPath,
    responses: { ...refusals, 204: { description: 'Removed.' } },
  }),
  rotate: createRoute({
    method: 'post',
    path: '/webhooks/{name}/secrets',
    summary: 'Makes a new secret, shown this once; for a while the present one signs too',
    request: { ...inHookPath, ...body(rotateSchema) },
    responses: { ...refusals, 201: json('Made.', newSecretSchema) },
  }),
  endSecret: createRoute({
    method: 'delete',
    path: '/webhooks/{name}/secrets/{id}',
    summary: 'Ends a secret at once; never the last one',
    request: secretPath,
    responses: { ...refusals, 204: { description: 'Ended.' } },
  }),
};

/** A hook without anything secret. */
export function onWire(
  { registry: _registry, uid: _uid, customHeaders, secrets, brokenSince, ...hook }: Webhook,
  now: Date,
) {
  const headers = Object.fromEntries((customHeaders?.names ?? []).map((name) => [name, mask]));
  return {
    ...hook,
    serviceUri: shownUrl(hook.serviceUri),
    customHeaders: headers,
    secrets: liveSecrets(secrets, now).map(secretOnWire),
    ...(brokenSince === undefined ? {} : { failingSince: brokenSince }),
  };
}

/** For the one answer that shows it. */
export function secretShown({ value, stored }: NewSecret) {
  return { ...secretOnWire(stored), secret: value };
}

function secretOnWire({ id, createdAt, expiresAt }: WebhookSecret) {
  return { id, createdAt, ...(expiresAt === undefined ? {} : { expiresAt }) };
}
