import { z } from 'zod';
import { registrySchema } from '../../core/documents/names.ts';
import { documentShape } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DocumentRef } from '../../core/ports/documents.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import { sealedSchema } from '../../core/secrets/sealed.ts';

/** ACR's rule for names. */
export const webhookNamePattern = /^[a-zA-Z0-9]{5,50}$/;

export const formats = ['acr', 'standard', 'cloudevents'] as const;
export type WebhookFormat = (typeof formats)[number];

const secretSchema = z.object({
  /** The id of the secret, by which lists and the log name it. */
  id: z.string(),
  sealed: sealedSchema,
  createdAt: z.iso.datetime(),
  /** The time from which it no longer signs; absent, it has no end. */
  expiresAt: z.iso.datetime().optional(),
});
export type WebhookSecret = z.infer<typeof secretSchema>;

/**
 * The properties of a webhook that dispatch and delivery need. They are repeated in each of its routes, so that one
 * query finds it whole.
 */
const webhookSchema = z.object({
  registry: registrySchema,
  name: z.string(),
  /**
   * The id of this life of the name: deliveries that were queued for an earlier webhook of the same name are not for
   * this one.
   */
  uid: z.string(),
  serviceUri: z.string(),
  /** A JSON object of the headers, sealed, because they often hold credentials. Names are in lower case. */
  customHeaders: z.object({ names: z.array(z.string()), sealed: sealedSchema }).optional(),
  /** ACR's actions, and types of the catalogue. */
  actions: z.array(z.string()).min(1),
  /** ACR's scope, or a pattern (scope.ts). An empty one is everything. */
  scope: z.string(),
  excludes: z.array(z.string()),
  status: z.enum(['enabled', 'disabled']),
  /** The reason why it is disabled, if no administrator did it. */
  disabledBecause: z.string().optional(),
  format: z.enum(formats),
  /** The secrets, the newest first; at most two of them are live. */
  secrets: z.array(secretSchema).min(1),
  /** The waits between attempts in seconds, the last one repeated; absent, the usual ones (schedule.ts). */
  retrySeconds: z.array(z.number().positive()).min(1).optional(),
  /** The seconds from the event after which a delivery is given up; absent, a day. */
  giveUpSeconds: z.int().positive().optional(),
  /**
   * The time since which the receiver keeps failing, set while it does; waiting deliveries are then held back but for
   * probes (breaker.ts).
   */
  brokenSince: z.iso.datetime().optional(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Webhook = z.infer<typeof webhookSchema>;

/** The document of a webhook, which the management API reads and writes. Routes are written in the same transaction. */
export const webhookDocumentSchema = z.object({
  ...documentShape('webhook'),
  registry: registrySchema,
  name: z.string(),
  hook: webhookSchema,
});
export type WebhookDocument = z.infer<typeof webhookDocumentSchema>;

/**
 * One action of one webhook, found by `anchor`: the events that may concern the webhook have it among theirs
 * (scope.ts). Disabled webhooks have no routes.
 */
export const webhookRouteSchema = z.object({
  ...documentShape('webhook-route'),
  registry: registrySchema,
  name: z.string(),
  anchor: z.string(),
  hook: webhookSchema,
});
export type WebhookRoute = z.infer<typeof webhookRouteSchema>;

export function webhookRef(registry: RegistryName, name: string): DocumentRef {
  return { container: 'registries', partition: [registry], id: `webhook:${name}` };
}

export const causes = ['event', 'retry', 'probe', 'redelivery', 'ping'] as const;
/** The type of an event without a change behind it: it is posted to one webhook by itself, and not published. */
export const pingType = 'Longshore.Ping';

const timingSchema = z.object({ at: z.iso.datetime(), ms: z.number().nonnegative() });

/** One request and its outcome. Secret header values are masked before they are stored here. */
const attemptSchema = z.object({
  ...timingSchema.shape,
  /** The number, counted from 1 over the whole life of the delivery. */
  number: z.int().positive(),
  cause: z.enum(causes),
  request: z.object({ url: z.string(), headers: z.record(z.string(), z.string()) }),
  outcome: z.discriminatedUnion('is', [
    z.object({
      is: z.literal('answered'),
      status: z.int(),
      reason: z.string(),
      headers: z.record(z.string(), z.string()),
      body: z.string(),
      truncated: z.boolean(),
    }),
    z.object({ is: z.enum(['refused', 'unreachable', 'timeout']), why: z.string() }),
  ]),
});
export type Attempt = z.infer<typeof attemptSchema>;

/**
 * The failure of the last attempt. `rejected` is an answer that says it is of no use to try again (4xx); it is tried
 * again, for receivers are fixed while we wait.
 */
export const failures = ['rejected', 'failing', 'unreachable', 'timeout', 'refused'] as const;
export type Failure = (typeof failures)[number];

export const deliveryStatuses = ['waiting', 'delivered', 'expired', 'cancelled'] as const;

/**
 * One event on its way to one webhook, with every attempt. Its `webhook-id` is `deliveryId`, made of webhook and event:
 * the same however often and from wherever it is sent.
 */
export const deliverySchema = z.object({
  ...documentShape('delivery'),
  /** The partition: `registry:name`, and the day of the event. */
  webhook: z.string(),
  day: z.iso.date(),
  registry: registrySchema,
  name: z.string(),
  uid: z.string(),
  deliveryId: z.string(),
  /**
   * The event; absent in the store, which keeps it once for all webhooks, under `eventId` (event-store.ts). A ping's
   * event is kept here, and so are those of older documents.
   */
  event: z.custom<CloudEvent>((value) => typeof value === 'object' && value !== null).optional(),
  /** The id of the event; absent in older documents. */
  eventId: z.string().optional(),
  /** The event's properties, which lists filter and order by. */
  eventType: z.string(),
  eventTime: z.iso.datetime({ offset: true }),
  repository: z.string().optional(),
  status: z.enum(deliveryStatuses),
  /** The reason why it ended without being delivered. */
  because: z.string().optional(),
  /** The time at which it was delivered, expired or cancelled. */
  endedAt: z.iso.datetime().optional(),
  /** The failure of a delivery that is not delivered. */
  failure: z.enum(failures).optional(),
  createdAt: z.iso.datetime(),
  /** The time at which it is given up. */
  deadline: z.iso.datetime(),
  /** The time of the next attempt of a waiting delivery; absent while the breaker holds it back. */
  dueAt: z.iso.datetime().optional(),
  /** True while it waits for the breaker, and no message is under way for it. */
  heldBack: z.literal(true).optional(),
  /** The number of attempts in the present round of retries, which is the place in the schedule. */
  round: z.int().nonnegative(),
  /** The number of attempts ever made; `attempts` keeps the newest of them. */
  attempted: z.int().nonnegative(),
  attempts: z.array(attemptSchema),
  /**
   * The claim of the process that makes attempt `number` until then; a message with the same number is late or a copy.
   */
  claim: z.object({ number: z.int().positive(), until: z.iso.datetime() }).optional(),
});
export type Delivery = z.infer<typeof deliverySchema>;

export function webhookKey(registry: RegistryName, name: string): string {
  return `${registry}:${name}`;
}
