import { z } from 'zod';
import { registrySchema } from '../../core/documents/names.ts';
import { documentShape } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DocumentRef } from '../../core/ports/documents.ts';
import type { Webhook } from './documents.ts';

/**
 * What is known of a hook whose receiver has failed; there is none while all is well, and nobody who succeeds touches
 * it. `counting`: failures since the first; `open`: the breaker is, and step after step probes; `draining`: it is
 * closed, and step after step brings what waited.
 */
export const healthSchema = z.object({
  ...documentShape('webhook-health'),
  registry: registrySchema,
  name: z.string(),
  uid: z.string(),
  state: z.enum(['counting', 'open', 'draining']),
  failures: z.int().nonnegative(),
  /** At how many it is worth looking whether the breaker must open. */
  lookAt: z.int().positive(),
  /** When the first of them was, or the breaker opened. */
  since: z.iso.datetime(),
  lastFailure: z.string(),
  /** Failed probes since the breaker opened. */
  probes: z.int().nonnegative(),
  /** What the state asks of the hook is written there. */
  marked: z.boolean(),
  /** The event that tells of the state is published. */
  told: z.boolean(),
  seq: z.int().nonnegative(),
  at: z.iso.datetime().optional(),
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

/** The breaker opens: `since` is its own from here on. */
export function opened(health: WebhookHealth, now: Date): WebhookHealth {
  return {
    ...health,
    state: 'open',
    since: now.toISOString(),
    at: now.toISOString(),
    probes: 0,
    marked: false,
    told: false,
  };
}

/** It closes; `quietly` when nobody has seen the receiver work. */
export function closed(health: WebhookHealth, now: Date, quietly?: 'quietly'): WebhookHealth {
  return { ...health, state: 'draining', at: now.toISOString(), marked: false, told: quietly !== undefined };
}
