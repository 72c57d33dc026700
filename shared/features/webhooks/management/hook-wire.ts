import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { absent, body, conflicting, json, pageOf, pageSchema, timesSchema } from '../../../core/http/management.ts';
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
    id: z.string().openapi({ description: 'The id of the secret, which is public.' }),
    createdAt: z.string().openapi({ format: 'date-time', description: 'The time at which it was created.' }),
    expiresAt: z.string().optional().openapi({ description: 'The time until which it signs; absent, without end.' }),
  })
  .openapi('WebhookSecret', { description: 'A secret that signs, without its value.' });
const shownOnce = z.string().openapi({
  description: 'The value, which is shown only in this answer.',
  example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
});
const hookSchema = z
  .object({
    name: z.string().openapi({ description: 'The name of the webhook.' }),
    serviceUri: z
      .string()
      .openapi({ description: 'The URL to which events are posted, with its secret parts masked.' }),
    customHeaders: z
      .record(z.string(), z.string())
      .openapi({ description: `The names of the custom headers; every value is shown as ${mask}.` }),
    actions: z.array(z.string()).openapi({ description: 'The actions and types of events that it gets.' }),
    scope: z.string().openapi({ description: 'The repositories and tags whose events it gets; empty, all of them.' }),
    excludes: z.array(z.string()).openapi({ description: 'The part of the scope whose events it does not get.' }),
    status: z.enum(['enabled', 'disabled']).openapi({ description: 'The status; a disabled webhook gets no events.' }),
    disabledBecause: z
      .string()
      .optional()
      .openapi({ description: 'The reason why it is disabled, if no administrator disabled it.' }),
    failingSince: z.string().optional().openapi({
      description:
        'The time since which the receiver keeps failing: one delivery at a time is tried, and the others wait.',
    }),
    format: z.enum(formats).openapi({ description: 'The format of the body.' }),
    retrySeconds: z
      .array(z.number())
      .optional()
      .openapi({ description: 'The waits between attempts; absent, the default ones.' }),
    giveUpSeconds: z
      .number()
      .optional()
      .openapi({ description: 'The time after the event at which its delivery expires; absent, a day.' }),
    secrets: z.array(secretSchema).openapi({ description: 'The secrets that sign now, the newest first.' }),
    ...timesSchema,
  })
  .openapi('Webhook', { description: 'A receiver of events, without its secrets.' });
const madeSchema = hookSchema
  .extend({ secret: shownOnce })
  .openapi('NewWebhook', { description: 'A webhook that was just created, with its secret.' });
const listSchema = pageOf(hookSchema, 'Webhooks in the order of their names.').openapi('Webhooks', {
  description: 'A page of webhooks.',
});
const newSecretSchema = secretSchema
  .extend({ secret: shownOnce })
  .openapi('NewWebhookSecret', { description: 'A secret that was just created, with its value.' });

const rotateSchema = z
  .strictObject({
    secret: secretTextSchema.optional(),
    overlapSeconds: z
      .int()
      .min(0)
      .max(30 * day)
      .default(day)
      .openapi({
        description:
          'The time for which the present secret signs too. 0 ends it at once, for a secret that has leaked.',
      }),
  })
  .openapi('WebhookRotation', { description: 'The properties of a rotation of a secret.' });
const secretPath = {
  params: z.object({ name: hookNameSchema, id: z.string().max(100).openapi({ description: 'The id of a secret.' }) }),
};

/** The routes of `/webhooks` that are about the hooks themselves. */
export const hookRouteTable = {
  list: createRoute({
    method: 'get',
    path: '/webhooks',
    operationId: 'listWebhooks',
    summary: 'Lists the webhooks',
    description: 'Lists the webhooks of the registry in the order of their names.',
    request: { query: pageSchema },
    responses: { 200: json('A page of webhooks.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/webhooks/{name}',
    operationId: 'getWebhook',
    summary: 'Gets a webhook',
    description: 'Gets one webhook by its name, without its secrets.',
    request: inHookPath,
    responses: { ...absent('webhookNotFound'), 200: json('The requested webhook.', hookSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/webhooks/{name}',
    operationId: 'putWebhook',
    summary: 'Creates or replaces a webhook',
    description: 'Creates a webhook with a secret that is shown only in this answer, or replaces all but its secrets.',
    request: { ...inHookPath, ...body(putSchema) },
    responses: {
      ...conflicting('webhookHasAnotherSecret', 'webhookUnsealable', 'sealingKeyMissing'),
      200: json('The webhook was replaced.', hookSchema),
      201: json('The webhook was created.', madeSchema),
    },
  }),
  patch: createRoute({
    method: 'patch',
    path: '/webhooks/{name}',
    operationId: 'updateWebhook',
    summary: 'Changes a webhook',
    description: 'Changes those properties of a webhook that the body has.',
    request: { ...inHookPath, ...body(patchSchema) },
    responses: {
      ...absent('webhookNotFound'),
      ...conflicting('webhookUnsealable', 'sealingKeyMissing'),
      200: json('The webhook as it is now.', hookSchema),
    },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/webhooks/{name}',
    operationId: 'deleteWebhook',
    summary: 'Deletes a webhook',
    description: 'Deletes a webhook. Its waiting deliveries are cancelled; all its deliveries can still be read.',
    request: inHookPath,
    responses: { ...absent('webhookNotFound'), 204: { description: 'The webhook was deleted.' } },
  }),
  rotate: createRoute({
    method: 'post',
    path: '/webhooks/{name}/secrets',
    operationId: 'rotateWebhookSecret',
    summary: 'Rotates the secret of a webhook',
    description: 'Creates a new secret, which is shown only in this answer. For a while the present one signs too.',
    request: { ...inHookPath, ...body(rotateSchema) },
    responses: {
      ...absent('webhookNotFound'),
      ...conflicting('tooManySecrets', 'sealingKeyMissing'),
      201: json('The new secret.', newSecretSchema),
    },
  }),
  endSecret: createRoute({
    method: 'delete',
    path: '/webhooks/{name}/secrets/{id}',
    operationId: 'deleteWebhookSecret',
    summary: 'Deletes a secret of a webhook',
    description: 'Ends a secret at once. The only secret of a webhook cannot be deleted.',
    request: secretPath,
    responses: {
      ...absent('webhookNotFound', 'webhookSecretNotFound'),
      ...conflicting('lastSecret'),
      204: { description: 'The secret was deleted.' },
    },
  }),
};

/** Shows a webhook without anything secret. */
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
    ...defined({ failingSince: brokenSince }),
  };
}

/** Shows a secret, for the one answer that has it. */
export function secretShown({ value, stored }: NewSecret) {
  return { ...secretOnWire(stored), secret: value };
}

function secretOnWire({ id, createdAt, expiresAt }: WebhookSecret) {
  return { id, createdAt, ...defined({ expiresAt }) };
}
