import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { body, json, managementRoutes, refusals } from '../../../core/http/management.ts';
import { deliveryStatuses } from '../documents.ts';
import type { PipelinePorts } from '../ports.ts';
import { ping, redeliver } from '../redeliver.ts';
import type { Redelivery } from '../redeliver-since.ts';
import { readRedelivery, redeliverSince } from '../redeliver-since.ts';
import { deliveryOnWire, deliveryPath, onWireSchema, timeSchema } from './delivery-wire.ts';
import { hookNameSchema, inHookPath } from './hook-schema.ts';

/** ACR's answer to a ping has the event's id alone. */
const pingedSchema = z
  .object({
    id: z.string().openapi({ description: 'Of the event.' }),
    deliveryId: z.string(),
    status: z.enum(deliveryStatuses).openapi({ description: 'delivered, or expired: a ping is tried once.' }),
    because: z.string().optional(),
  })
  .openapi('WebhookPing');
const sinceSchema = z.object({ since: timeSchema.openapi({ description: 'Events from then on.' }) });
const jobSchema = z
  .object({
    id: z.string(),
    webhook: z.string(),
    since: z.string(),
    startedAt: z.string(),
    state: z.enum(['running', 'done', 'stopped']),
    because: z.string().optional(),
    redelivered: z.int().openapi({ description: 'Deliveries that are under way again.' }),
  })
  .openapi('WebhookRedelivery');
const jobPath = { params: z.object({ name: hookNameSchema, job: z.string().max(100) }) };

const routes = {
  ping: createRoute({
    method: 'post',
    path: '/webhooks/{name}/ping',
    summary: 'Posts an event that tells of nothing, now and once',
    request: inHookPath,
    responses: { ...refusals, 200: json('It was posted; the log has what came back.', pingedSchema) },
  }),
  one: createRoute({
    method: 'post',
    path: '/webhooks/{name}/deliveries/{id}/redeliver',
    summary: 'Sends one delivery again, under its id, whatever came of it',
    request: deliveryPath,
    responses: { ...refusals, 202: json('It is under way.', onWireSchema) },
  }),
  since: createRoute({
    method: 'post',
    path: '/webhooks/{name}/redeliver',
    summary: 'Sends again what expired or was cancelled since a time, twenty a second',
    request: { ...inHookPath, ...body(sinceSchema) },
    responses: { ...refusals, 202: json('It has begun.', jobSchema) },
  }),
  progress: createRoute({
    method: 'get',
    path: '/webhooks/{name}/redeliver/{job}',
    summary: 'How far that is',
    request: jobPath,
    responses: { ...refusals, 200: json('So far.', jobSchema) },
  }),
};

/** What of the management API sends something. */
export function redeliveryRoutes(ports: PipelinePorts): OpenAPIHono {
  const api = managementRoutes();
  api.openapi(routes.ping, async (context) => {
    const {
      event,
      eventId = event?.id ?? '',
      deliveryId,
      status,
      because,
    } = await ping(ports, context.req.valid('param').name);
    return context.json({ id: eventId, deliveryId, status, ...(because === undefined ? {} : { because }) }, 200);
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
    ...(because === undefined ? {} : { because }),
  };
}
