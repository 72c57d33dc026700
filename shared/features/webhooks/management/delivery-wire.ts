import { createRoute, z } from '@hono/zod-openapi';
import { repositorySchema } from '../../../core/documents/names.ts';
import { eventTypes } from '../../../core/events/catalogue.ts';
import { json, pageSchema, refusals } from '../../../core/http/management.ts';
import { shownUrl } from '../../../core/outbound/shown-url.ts';
import type { Attempt, Delivery } from '../documents.ts';
import { causes, deliveryStatuses, failures, pingType } from '../documents.ts';
import { hookNameSchema, inHookPath } from './hook-schema.ts';

/** As events have them, so that they compare as text. */
export const timeSchema = z.iso
  .datetime({ offset: true, error: 'must be a time as in 2026-01-01T12:00:00Z' })
  .transform((text) => new Date(text).toISOString())
  .openapi({ type: 'string', format: 'date-time' });

const filterSchema = pageSchema.extend({
  status: z.enum(deliveryStatuses).optional(),
  type: z
    .enum([...eventTypes, pingType])
    .optional()
    .openapi({ description: 'Of the event.' }),
  repository: z.string().pipe(repositorySchema).optional().openapi({ type: 'string', example: 'team/app' }),
  since: timeSchema.optional().openapi({ description: 'Events from then on.' }),
  until: timeSchema.optional().openapi({ description: 'Events before then.' }),
});

const attemptSchema = z
  .object({
    number: z.int(),
    cause: z.enum(causes),
    at: z.string(),
    ms: z.number(),
    request: z.object({ url: z.string(), headers: z.record(z.string(), z.string()) }),
    response: z
      .object({
        status: z.int(),
        reason: z.string(),
        headers: z.record(z.string(), z.string()),
        body: z.string(),
        truncated: z.boolean(),
      })
      .optional(),
    failure: z
      .object({ is: z.enum(['refused', 'unreachable', 'timeout']), why: z.string() })
      .optional()
      .openapi({ description: 'Why there is no response.' }),
  })
  .openapi('WebhookAttempt');
export const onWireSchema = z
  .object({
    id: z.string().openapi({ description: 'webhook-id of every attempt.' }),
    webhook: z.string(),
    eventId: z.string(),
    eventType: z.string(),
    eventTime: z.string(),
    repository: z.string().optional(),
    status: z.enum(deliveryStatuses),
    because: z.string().optional().openapi({ description: 'Why it is over without being delivered.' }),
    failure: z.enum(failures).optional().openapi({
      description:
        'What its last attempt failed by. rejected: the receiver answered 4xx; it is tried again all the same.',
    }),
    endedAt: z.string().optional().openapi({ description: 'When it was delivered, expired or cancelled.' }),
    createdAt: z.string(),
    deadline: z.string().openapi({ description: 'When it is given up.' }),
    nextAttemptAt: z
      .string()
      .optional()
      .openapi({ description: 'Absent of one that waits: while the receiver keeps failing it is held back.' }),
    attempted: z.int().openapi({ description: 'Attempts ever made; the newest of them are shown.' }),
    attempts: z.array(attemptSchema),
  })
  .openapi('WebhookDelivery');
const wholeSchema = onWireSchema
  .extend({
    event: z
      .unknown()
      .optional()
      .openapi({ type: 'object', description: 'The event, as a CloudEvent. Absent when it has left the log.' }),
  })
  .openapi('WebhookDeliveryWithEvent');
const listSchema = z
  .object({ deliveries: z.array(onWireSchema), continuation: z.string().optional() })
  .openapi('WebhookDeliveries');

export const deliveryPath = {
  params: z.object({
    name: hookNameSchema,
    id: z.string().max(100).openapi({ example: 'dlv_20260101-0123456789abcdefghijklmnopqrstuv' }),
  }),
};

/** The routes that read the log. */
export const deliveryRouteTable = {
  list: createRoute({
    method: 'get',
    path: '/webhooks/{name}/deliveries',
    summary: 'What a webhook was sent and what came back, the newest event first',
    request: { ...inHookPath, query: filterSchema },
    responses: { ...refusals, 200: json('One page.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/webhooks/{name}/deliveries/{id}',
    summary: 'One delivery, with its event',
    request: deliveryPath,
    responses: { ...refusals, 200: json('It.', wholeSchema) },
  }),
};

export function deliveryOnWire({
  deliveryId,
  name,
  event,
  eventId,
  eventType,
  eventTime,
  repository,
  status,
  because,
  failure,
  endedAt,
  createdAt,
  deadline,
  nextAttemptAt,
  attempted,
  attempts,
}: Delivery) {
  return {
    ...{
      id: deliveryId,
      webhook: name,
      eventId: eventId ?? event?.id ?? '',
      eventType,
      eventTime,
      status,
      createdAt,
      deadline,
      attempted,
    },
    ...(repository === undefined ? {} : { repository }),
    ...(because === undefined ? {} : { because }),
    ...(failure === undefined ? {} : { failure }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }),
    attempts: attempts.map(attemptOnWire),
  };
}

function attemptOnWire({ outcome, request, ...others }: Attempt) {
  // Attempts of before were written down with the whole URL.
  const attempt = { ...others, request: { ...request, url: shownUrl(request.url) } };
  const { is, ...rest } = outcome;
  return is === 'answered'
    ? { ...attempt, response: rest as Omit<typeof outcome & { is: 'answered' }, 'is'> }
    : { ...attempt, failure: outcome as typeof outcome & { why: string } };
}
