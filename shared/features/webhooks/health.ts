import { z } from 'zod';
import { registrySchema } from '../../core/documents/names.ts';
import { documentShape } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DocumentRef } from '../../core/ports/documents.ts';
import type { Webhook } from './documents.ts';

/**
 * The health of a webhook whose receiver has failed; there is none while all is well, and a success does not write it.
 * `counting` counts failures since the first; `open` means that the breaker is open and probes step by step; `draining`
 * that it is closed and sends held-back deliveries step by step.
 */
export const healthSchema = z.object({
  ...documentShape('webhook-health'),
  registry: registrySchema,
  name: z.string(),
  uid: z.string(),
  state: z.enum(['counting', 'open', 'draining']),
  failures: z.int().nonnegative(),
  /** The number of failures at which it is checked whether the breaker must open. */
  lookAt: z.int().positive(),
  /** The time of the first failure, or at which the breaker opened. */
  since: z.iso.datetime(),
  lastFailure: z.string(),
  /** The failed probes since the breaker opened. */
  probes: z.int().nonnegative(),
  /** True when the webhook is marked with the state. */
  marked: z.boolean(),
  /** True when the event of the state is published. */
  told: z.boolean(),
  seq: z.int().nonnegative(),
  dueAt: z.iso.datetime().optional(),
  claimedUntil: z.iso.datetime().optional(),
});
export type WebhookHealth = z.infer<typeof healthSchema>;

export function healthRef(registry: RegistryName, name: string): DocumentRef {
  return { container: 'registries', partition: [registry], id: `webhook-health:${name}` };
}

export function firstFailure(
  { registry, name, uid }: Webhook,
  lastFailure: string,
  lookAt: number,
  now: Date,
): WebhookHealth {
  const nothing = { probes: 0, marked: false, told: false, seq: 0 };
  return {
    id: healthRef(registry, name).id,
    type: 'webhook-health',
    schemaVersion: 1,
    registry,
    name,
    uid,
    state: 'counting',
    failures: 1,
    lookAt,
    since: now.toISOString(),
    lastFailure,
    ...nothing,
  };
}

/** Opens the breaker: `since` is its own from here on. */
export function opened(health: WebhookHealth, now: Date): WebhookHealth {
  return {
    ...health,
    state: 'open',
    since: now.toISOString(),
    dueAt: now.toISOString(),
    probes: 0,
    marked: false,
    told: false,
  };
}

/** Closes the breaker; `quietly` when nothing has shown that the receiver works. */
export function closed(health: WebhookHealth, now: Date, quietly?: 'quietly'): WebhookHealth {
  return { ...health, state: 'draining', dueAt: now.toISOString(), marked: false, told: quietly !== undefined };
}
