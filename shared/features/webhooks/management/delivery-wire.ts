import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { eventTypes } from '../../../core/events/catalogue.ts';
import { absent, json, pageOf, pageSchema, repositoryIn } from '../../../core/http/management.ts';
import { shownUrl } from '../../../core/outbound/shown-url.ts';
import type { Attempt, Delivery } from '../documents.ts';
import { causes, deliveryStatuses, failures, pingType } from '../documents.ts';
import { hookNameSchema, inHookPath } from './hook-schema.ts';

/** A time in the form of events, so that they compare as text. */
export const timeSchema = z.iso
  .datetime({ offset: true, error: 'must be a time, as in 2026-01-01T12:00:00Z' })
  .transform((text) => new Date(text).toISOString())
  .openapi({ type: 'string', format: 'date-time' });

const filterSchema = pageSchema.extend({
  status: z.enum(deliveryStatuses).optional().openapi({ description: 'The status of the deliveries.' }),
  type: z
    .enum([...eventTypes, pingType])
    .optional()
    .openapi({ description: 'The type of the event.' }),
  repository: repositoryIn('The repository of the event.').optional(),
  since: timeSchema.optional().openapi({ description: 'The earliest time of the events, inclusive.' }),
  until: timeSchema.optional().openapi({ description: 'The latest time of the events, exclusive.' }),
});

const attemptSchema = z
  .object({
    number: z.int().openapi({ description: 'The number of the attempt; the first one has the number 1.' }),
    cause: z.enum(causes).openapi({ description: 'The reason for the attempt.' }),
    at: z.string().openapi({ format: 'date-time', description: 'The time of the attempt.' }),
    ms: z.number().openapi({ description: 'The duration of the attempt in milliseconds.' }),
    request: z
      .object({
        url: z.string().openapi({ description: 'The URL of the receiver, with its secret parts masked.' }),
        headers: z
          .record(z.string(), z.string())
          .openapi({ description: 'The headers of the request; the values of custom ones are masked.' }),
      })
      .openapi({ description: 'The request to the receiver.' }),
    response: z
      .object({
        status: z.int().openapi({ description: 'The status of the answer.' }),
        reason: z.string().openapi({ description: 'The reason phrase of the answer.' }),
        headers: z.record(z.string(), z.string()).openapi({ description: 'The headers of the answer.' }),
        body: z.string().openapi({ description: "The beginning of the answer's body." }),
        truncated: z.boolean().openapi({ description: 'True if the body was longer than that.' }),
      })
      .optional()
      .openapi({ description: "The receiver's answer." }),
    failure: z
      .object({
        is: z.enum(['refused', 'unreachable', 'timeout']).openapi({ description: 'The kind of the failure.' }),
        why: z.string().openapi({ description: 'The failure in words.' }),
      })
      .optional()
      .openapi({ description: 'The reason why there is no answer.' }),
  })
  .openapi('WebhookAttempt', { description: 'One attempt to deliver an event.' });
export const onWireSchema = z
  .object({
    id: z.string().openapi({ description: 'The id of the delivery, which is the webhook-id of every attempt.' }),
    webhook: z.string().openapi({ description: 'The name of the webhook.' }),
    eventId: z.string().openapi({ description: 'The id of the event.' }),
    eventType: z.string().openapi({ description: 'The type of the event.' }),
    eventTime: z.string().openapi({ format: 'date-time', description: 'The time of the event.' }),
    repository: z.string().optional().openapi({ description: 'The repository of the event.' }),
    status: z.enum(deliveryStatuses).openapi({ description: 'The status of the delivery.' }),
    because: z.string().optional().openapi({ description: 'The reason why it ended without being delivered.' }),
    failure: z.enum(failures).optional().openapi({
      description:
        'The failure of its last attempt. rejected means that the receiver answered 4xx; it is tried again all the same.',
    }),
    endedAt: z
      .string()
      .optional()
      .openapi({ description: 'The time at which it was delivered, expired or cancelled.' }),
    createdAt: z.string().openapi({ format: 'date-time', description: 'The time at which the delivery was created.' }),
    deadline: z.string().openapi({ description: 'The time at which it expires.' }),
    nextAttemptAt: z
      .string()
      .optional()
      .openapi({
        description:
          'The time of the next attempt. Absent for a waiting delivery, which is held back while the ' +
          'receiver keeps failing.',
      }),
    attempted: z.int().openapi({ description: 'The number of all attempts; the newest of them are shown.' }),
    attempts: z.array(attemptSchema).openapi({ description: 'The newest attempts in the order of their times.' }),
  })
  .openapi('WebhookDelivery', { description: 'One event for one webhook, with its attempts.' });
const wholeSchema = onWireSchema
  .extend({
    event: z
      .unknown()
      .optional()
      .openapi({ type: 'object', description: 'The event as a CloudEvent; absent if it was deleted from the log.' }),
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
    description: 'Lists the deliveries of a webhook with their outcomes, the newest event first.',
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
  dueAt,
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
    ...defined({ repository, because, failure, endedAt, nextAttemptAt: dueAt }),
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
