import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { absent, body, conflicting, json, managementRoutes } from '../../../core/http/management.ts';
import { deliveryStatuses } from '../documents.ts';
import type { PipelinePorts } from '../ports.ts';
import { ping, redeliver } from '../redeliver.ts';
import type { Redelivery } from '../redeliver-since.ts';
import { readRedelivery, redeliverSince } from '../redeliver-since.ts';
import { deliveryOnWire, deliveryPath, onWireSchema, timeSchema } from './delivery-wire.ts';
import { hookNameSchema, inHookPath, webhooksTag } from './hook-schema.ts';

/** The answer to a ping; ACR's has the event's id alone. */
const pingedSchema = z
  .object({
    id: z.string().openapi({ description: 'The id of the event.' }),
    deliveryId: z.string().openapi({ description: 'The id of its delivery.' }),
    status: z
      .enum(deliveryStatuses)
      .openapi({ description: 'The status: delivered, or expired, because a ping is tried once.' }),
    because: z.string().optional().openapi({ description: 'The reason why it was not delivered.' }),
  })
  .openapi('WebhookPing', { description: 'The outcome of a ping.' });
const sinceSchema = z
  .object({
    since: timeSchema.openapi({
      description: 'The earliest time of the events, inclusive.',
      example: '2026-01-01T12:00:00Z',
    }),
  })
  .openapi('WebhookRedeliveryContent', { description: 'The deliveries to send again.' });
const jobSchema = z
  .object({
    id: z.string().openapi({ description: 'The id of the redelivery.' }),
    webhook: z.string().openapi({ description: 'The name of the webhook.' }),
    since: z
      .string()
      .openapi({ format: 'date-time', description: 'The earliest time of the events that are sent again.' }),
    startedAt: z.string().openapi({ format: 'date-time', description: 'The time at which it began.' }),
    state: z.enum(['running', 'done', 'stopped']).openapi({ description: 'The status of the redelivery.' }),
    because: z.string().optional().openapi({ description: 'The reason why it was stopped.' }),
    redelivered: z.int().openapi({ description: 'The number of deliveries that are sent again.' }),
  })
  .openapi('WebhookRedelivery', { description: 'A redelivery of events that were not delivered.' });
const jobPath = {
  params: z.object({
    name: hookNameSchema,
    job: z.string().max(100).openapi({ description: 'The id of a redelivery.' }),
  }),
};

const routes = {
  ping: createRoute({
    method: 'post',
    path: '/webhooks/{name}/ping',
    operationId: 'pingWebhook',
    summary: 'Pings a webhook',
    description: 'Posts a test event now, and once. The deliveries show the answer.',
    request: inHookPath,
    responses: { ...absent('webhookNotFound'), 200: json('The ping was posted.', pingedSchema) },
  }),
  one: createRoute({
    method: 'post',
    path: '/webhooks/{name}/deliveries/{id}/redeliver',
    operationId: 'redeliverWebhookDelivery',
    summary: 'Sends one delivery again',
    description: 'Sends one delivery again under its id, whatever its outcome was.',
    request: deliveryPath,
    responses: {
      ...absent('webhookNotFound', 'deliveryNotFound'),
      ...conflicting('deliveryNotSendable'),
      202: json('The delivery is under way.', onWireSchema),
    },
  }),
  since: createRoute({
    method: 'post',
    path: '/webhooks/{name}/redeliver',
    operationId: 'redeliverWebhook',
    summary: 'Sends again events that were not delivered',
    description: 'Sends again deliveries that expired or were cancelled since a time, twenty a second.',
    request: { ...inHookPath, ...body(sinceSchema) },
    responses: {
      ...absent('webhookNotFound'),
      ...conflicting('nothingSendable'),
      202: json('The redelivery has begun.', jobSchema),
    },
  }),
  progress: createRoute({
    method: 'get',
    path: '/webhooks/{name}/redeliver/{job}',
    operationId: 'getWebhookRedelivery',
    summary: 'Gets the progress of a redelivery',
    description: 'Gets the number of deliveries that a redelivery sends again.',
    request: jobPath,
    responses: { ...absent('redeliveryNotFound'), 200: json('The progress of the redelivery.', jobSchema) },
  }),
};

/** Makes the routes of the management API that send something. */
export function redeliveryRoutes(ports: PipelinePorts): OpenAPIHono {
  const api = managementRoutes(webhooksTag);
  api.openapi(routes.ping, async (context) => {
    const {
      event,
      eventId = event?.id ?? '',
      deliveryId,
      status,
      because,
    } = await ping(ports, context.req.valid('param').name);
    return context.json({ id: eventId, deliveryId, status, ...defined({ because }) }, 200);
  });
  api.openapi(routes.one, async (context) => {
    const { name, id } = context.req.valid('param');
    return context.json(deliveryOnWire(await redeliver(ports, name, id)), 202);
  });
  api.openapi(routes.since, async (context) => {
    const { name } = context.req.valid('param');
    const job = await redeliverSince(ports, name, context.req.valid('json').since);
    context.header('Location', `${new URL(context.req.url).pathname}/${job.job}`);
    return context.json(jobOnWire(job), 202);
  });
  api.openapi(routes.progress, async (context) => {
    const { name, job } = context.req.valid('param');
    return context.json(jobOnWire(await readRedelivery(ports, name, job)), 200);
  });
  return api;
}

function jobOnWire({ job, name, since, startedAt, state, because, redelivered }: Redelivery) {
  return {
    id: job,
    webhook: name,
    since,
    startedAt,
    state,
    redelivered,
    ...defined({ because }),
  };
}
