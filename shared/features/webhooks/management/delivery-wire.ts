import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { repositorySchema } from '../../../core/documents/names.ts';
import { eventTypes } from '../../../core/events/catalogue.ts';
import { absent, json, pageOf, pageSchema } from '../../../core/http/management.ts';
import { shownUrl } from '../../../core/outbound/shown-url.ts';
import type { Attempt, Delivery } from '../documents.ts';
import { causes, deliveryStatuses, failures, pingType } from '../documents.ts';
import { hookNameSchema, inHookPath } from './hook-schema.ts';

/** A time in the form of events, so that they compare as text. */
export const timeSchema = z.iso
  .datetime({ offset: true, error: 'must be a time as in 2026-01-01T12:00:00Z' })
  .transform((text) => new Date(text).toISOString())
  .openapi({ type: 'string', format: 'date-time' });

const filterSchema = pageSchema.extend({
  status: z.enum(deliveryStatuses).optional().openapi({ description: 'How far the deliveries are.' }),
  type: z
    .enum([...eventTypes, pingType])
    .optional()
    .openapi({ description: 'The type of the event.' }),
  repository: z
    .string()
    .pipe(repositorySchema)
    .optional()
    .openapi({ type: 'string', example: 'team/app', description: 'The repository of the event.' }),
  since: timeSchema.optional().openapi({ description: 'Events from then on.' }),
  until: timeSchema.optional().openapi({ description: 'Events before then.' }),
});

const attemptSchema = z
  .object({
    number: z.int().openapi({ description: 'The first attempt has the number 1.' }),
    cause: z.enum(causes).openapi({ description: 'What the attempt was made for.' }),
    at: z.string().openapi({ format: 'date-time', description: 'When it was made.' }),
    ms: z.number().openapi({ description: 'How long it took, in milliseconds.' }),
    request: z
      .object({
        url: z.string().openapi({ description: 'Where it was posted to, without what is secret in it.' }),
        headers: z
          .record(z.string(), z.string())
          .openapi({ description: 'The headers that were sent; custom ones are masked.' }),
      })
      .openapi({ description: 'What was sent to the receiver.' }),
    response: z
      .object({
        status: z.int().openapi({ description: 'The status of the answer.' }),
        reason: z.string().openapi({ description: 'The reason phrase of the answer.' }),
        headers: z.record(z.string(), z.string()).openapi({ description: 'The headers of the answer.' }),
        body: z.string().openapi({ description: 'The beginning of the body.' }),
        truncated: z.boolean().openapi({ description: 'Whether the body was longer than that.' }),
      })
      .optional()
      .openapi({ description: 'What the receiver answered.' }),
    failure: z
      .object({
        is: z.enum(['refused', 'unreachable', 'timeout']).openapi({ description: 'What kind of failure it was.' }),
        why: z.string().openapi({ description: 'The failure in words.' }),
      })
      .optional()
      .openapi({ description: 'Why there is no response.' }),
  })
  .openapi('WebhookAttempt', { description: 'One attempt to deliver an event.' });
export const onWireSchema = z
  .object({
    id: z.string().openapi({ description: 'The id of the delivery, which is the webhook-id of every attempt.' }),
    webhook: z.string().openapi({ description: 'The name of the webhook.' }),
    eventId: z.string().openapi({ description: 'The id of the event.' }),
    eventType: z.string().openapi({ description: 'The type of the event.' }),
    eventTime: z.string().openapi({ format: 'date-time', description: 'When the event happened.' }),
    repository: z.string().optional().openapi({ description: 'The repository of the event.' }),
    status: z.enum(deliveryStatuses).openapi({ description: 'How far the delivery is.' }),
    because: z.string().optional().openapi({ description: 'Why it is over without being delivered.' }),
    failure: z.enum(failures).optional().openapi({
      description:
        'What its last attempt failed by. rejected: the receiver answered 4xx; it is tried again all the same.',
    }),
    endedAt: z.string().optional().openapi({ description: 'When it was delivered, expired or cancelled.' }),
    createdAt: z.string().openapi({ format: 'date-time', description: 'When the delivery was created.' }),
    deadline: z.string().openapi({ description: 'When it is given up.' }),
    nextAttemptAt: z
      .string()
      .optional()
      .openapi({ description: 'Absent of one that waits: while the receiver keeps failing it is held back.' }),
    attempted: z.int().openapi({ description: 'Attempts ever made; the newest of them are shown.' }),
    attempts: z.array(attemptSchema).openapi({ description: 'The newest attempts, in their order.' }),
  })
  .openapi('WebhookDelivery', { description: 'One event on its way to one webhook.' });
const wholeSchema = onWireSchema
  .extend({
    event: z
      .unknown()
      .optional()
      .openapi({ type: 'object', description: 'The event, as a CloudEvent. Absent when it has left the log.' }),
  })
  .openapi('WebhookDeliveryWithEvent', { description: 'A delivery with its event.' });
const listSchema = pageOf(onWireSchema, 'Deliveries, the newest event first.').openapi('WebhookDeliveries', {
  description: 'A page of deliveries.',
});

export const deliveryPath = {
  params: z.object({
    name: hookNameSchema,
    id: z
      .string()
      .max(100)
      .openapi({ description: 'The id of a delivery.', example: 'dlv_20260101-0123456789abcdefghijklmnopqrstuv' }),
  }),
};

/** The routes that read the log. */
export const deliveryRouteTable = {
  list: createRoute({
    method: 'get',
    path: '/webhooks/{name}/deliveries',
    operationId: 'listWebhookDeliveries',
    summary: 'Lists the deliveries of a webhook',
    description: 'Lists what a webhook was sent and what came back, the newest event first.',
    request: { ...inHookPath, query: filterSchema },
    responses: { ...absent('webhookNotFound'), 200: json('A page of deliveries.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/webhooks/{name}/deliveries/{id}',
    operationId: 'getWebhookDelivery',
    summary: 'Gets a delivery',
    description: 'Gets one delivery with its attempts and its event.',
    request: deliveryPath,
    responses: { ...absent('deliveryNotFound'), 200: json('The delivery with its event.', wholeSchema) },
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
    ...defined({ repository, because, failure, endedAt, nextAttemptAt }),
    attempts: attempts.map(attemptOnWire),
  };
}

function attemptOnWire({ outcome, request, ...others }: Attempt) {
  // Older attempts were stored with the whole URL.
  const attempt = { ...others, request: { ...request, url: shownUrl(request.url) } };
  const { is, ...rest } = outcome;
  return is === 'answered'
    ? { ...attempt, response: rest as Omit<typeof outcome & { is: 'answered' }, 'is'> }
    : { ...attempt, failure: outcome as typeof outcome & { why: string } };
}
