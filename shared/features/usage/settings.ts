import { z } from 'zod';
import type { Parsed } from '../../core/feature/feature.ts';
import type { ActorClass } from './client-class.ts';
import { clientClasses, parseActorClasses } from './client-class.ts';

const actorClassesSchema = z.string().transform((text, context) => {
  const parsed = parseActorClasses(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({
    code: 'custom',
    message: `must be NAME=CLASS,… where NAME may end in * and CLASS is one of ${clientClasses.join(', ')}`,
  });
  return z.NEVER;
});

/** These settings are about what is counted ([usage](../usage.md)). */
export const usageSettings = {
  /**
   * Says which client class the pulls of a token or of a workload's subject count for, whatever user agent they send,
   * as in `trivy=scanner,build-*=ci`.
   */
  LONGSHORE_CLIENT_CLASSES: actorClassesSchema.optional(),
  /**
   * Sets the storage, in GiB, that the forecast counts towards; without it, what ACR includes in LONGSHORE_SKU. Nothing
   * is refused beyond it.
   */
  LONGSHORE_STORAGE_QUOTA_GIB: z.coerce
    .number({ error: 'must be a number above 0' })
    .positive('must be a number above 0')
    .optional(),
};

export interface UsageSettings {
  /** Callers whose class does not depend on the user agent that they send. */
  readonly actors: readonly ActorClass[];
  /** The size that the forecast is compared with, in bytes. Nothing is refused beyond it. */
  readonly quotaBytes: number;
}

const gib = 1024 ** 3;

/** The included storage of https://learn.microsoft.com/azure/container-registry/container-registry-skus, in bytes. */
const includedStorage = { basic: 10 * gib, standard: 100 * gib, premium: 500 * gib };

type Given = Parsed<typeof usageSettings> & { readonly LONGSHORE_SKU: keyof typeof includedStorage };

export function readUsageSettings({
  LONGSHORE_CLIENT_CLASSES: actors = [],
  LONGSHORE_STORAGE_QUOTA_GIB: quota,
  LONGSHORE_SKU: sku,
}: Given): { readonly usage: UsageSettings } {
  return { usage: { actors, quotaBytes: quota === undefined ? includedStorage[sku] : Math.round(quota * gib) } };
}
