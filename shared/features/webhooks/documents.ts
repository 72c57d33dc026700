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
  /** Of the secret: what lists and the log call it. */
  id: z.string(),
  sealed: sealedSchema,
  createdAt: z.iso.datetime(),
  /** Signs no more from then on; absent, it has no end. */
  expiresAt: z.iso.datetime().optional(),
});
export type WebhookSecret = z.infer<typeof secretSchema>;

/**
 * What dispatch and delivery need of a hook. It is repeated in each of the hook's routes, so that one query finds it
 * whole.
 */
const webhookSchema = z.object({
  registry: registrySchema,
  name: z.string(),
  /** Of this life of the name: what was queued for an earlier hook of the same name is not for this one. */
  uid: z.string(),
  serviceUri: z.string(),
  /** A JSON object of them, sealed: they often hold credentials. Names in lower case. */
  customHeaders: z.object({ names: z.array(z.string()), sealed: sealedSchema }).optional(),
  /** ACR's actions, and types of the catalogue. */
  actions: z.array(z.string()).min(1),
  /** ACR's scope, or a pattern (scope.ts). Empty: everything. */
  scope: z.string(),
  excludes: z.array(z.string()),
  status: z.enum(['enabled', 'disabled']),
  /** Why it is disabled, where it was not an administrator who did it. */
  disabledBecause: z.string().optional(),
  format: z.enum(formats),
  /** The newest first; at most two that are live. */
  secrets: z.array(secretSchema).min(1),
  /** Waits between attempts in seconds, the last one repeated; absent, the usual ones (schedule.ts). */
  retrySeconds: z.array(z.number().positive()).min(1).optional(),
  /** How long after the event came a delivery is given up, in seconds; absent, a day. */
  giveUpSeconds: z.int().positive().optional(),
  /** Set while the receiver keeps failing: since when, and what is waiting is held back but for probes (breaker.ts). */
  brokenSince: z.iso.datetime().optional(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Webhook = z.infer<typeof webhookSchema>;

/** The hook itself: what the management API reads and writes. Routes are written in the same transaction. */
export const webhookDocumentSchema = z.object({
  ...documentShape('webhook'),
  registry: registrySchema,
  name: z.string(),
  hook: webhookSchema,
});
export type WebhookDocument = z.infer<typeof webhookDocumentSchema>;

/**
 * One action of one hook, found by `anchor`: the events that may concern the hook have it among theirs (scope.ts).
 * Disabled hooks have no routes.
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
/** Of an event that tells of nothing: it is posted to one hook by itself, and not published. */
export const pingType = 'Longshore.Ping';

const timingSchema = z.object({ at: z.iso.datetime(), ms: z.number().nonnegative() });

/** One request and what came of it. Header values that are secret are masked before they get here. */
const attemptSchema = z.object({
  ...timingSchema.shape,
  /** Counted from 1 over the whole life of the delivery. */
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
 * What the last attempt failed by. `rejected`: an answer that says it is of no use to try again (4xx); it is tried
 * again, for receivers are fixed while we wait.
 */
export const failures = ['rejected', 'failing', 'unreachable', 'timeout', 'refused'] as const;
export type Failure = (typeof failures)[number];

export const deliveryStatuses = ['waiting', 'delivered', 'expired', 'cancelled'] as const;

/**
 * One event on its way to one hook, with every attempt. Its `webhook-id` is `deliveryId`, made of hook and event: the
 * same however often and from wherever it is sent.
 */
export const deliverySchema = z.object({
  ...documentShape('delivery'),
  /** Partition: `registry:name`, and the day of the event. */
  webhook: z.string(),
  day: z.iso.date(),
  registry: registrySchema,
  name: z.string(),
  uid: z.string(),
  deliveryId: z.string(),
  /**
   * Absent in the store: the event lies once for all hooks, under `eventId` (event-store.ts). A ping's lies here, and
   * so do those of before.
   */
  event: z.custom<CloudEvent>((value) => typeof value === 'object' && value !== null).optional(),
  /** Absent in documents of before. */
  eventId: z.string().optional(),
  /** Of the event; what lists filter and order by. */
  eventType: z.string(),
  eventTime: z.iso.datetime({ offset: true }),
  repository: z.string().optional(),
  status: z.enum(deliveryStatuses),
  /** Why it is over without being delivered. */
  because: z.string().optional(),
  /** When it was delivered, expired or cancelled. */
  endedAt: z.iso.datetime().optional(),
  /** Of what is not delivered. */
  failure: z.enum(failures).optional(),
  createdAt: z.iso.datetime(),
  /** When it is given up. */
  deadline: z.iso.datetime(),
  /** Of a waiting delivery; absent while the breaker holds it back. */
  nextAttemptAt: z.iso.datetime().optional(),
  /** It waits for the breaker, and no message is under way for it. */
  heldBack: z.literal(true).optional(),
  /** How many attempts were begun by the present round of retries: the place in the schedule. */
  round: z.int().nonnegative(),
  /** Attempts ever made; `attempts` keeps the newest of them. */
  attempted: z.int().nonnegative(),
  attempts: z.array(attemptSchema),
  /** Somebody is making attempt `number` until then; a message that says the same is late or a copy. */
  claim: z.object({ number: z.int().positive(), until: z.iso.datetime() }).optional(),
});
export type Delivery = z.infer<typeof deliverySchema>;

export function webhookKey(registry: RegistryName, name: string): string {
  return `${registry}:${name}`;
}
