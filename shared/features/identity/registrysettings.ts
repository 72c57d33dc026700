import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import { registrySchema } from '../../core/documents/names.ts';
import { documentShape, readStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { DocumentRef, ReadDocument } from '../../core/ports/documents.ts';
import type { Log } from '../../core/ports/log.ts';
import type { RateLimitSettings, Rates, RatesInForce, Sku } from './ratelimits.ts';
import { partOf, ratesOfSku, skus } from './ratelimits.ts';

const rate = z.int().min(1).max(999_999_999).optional();
const ratesSchema = z.object({ read: rate, write: rate, delete: rate });

/** The settings of a registry by its administrator. Absent ones are as the configuration and the SKU have them. */
export const settingsDocumentSchema = z.object({
  ...documentShape('settings'),
  registry: registrySchema,
  sku: z.enum(skus).optional(),
  /** The requests a minute, instead of the SKU's. */
  rateLimits: z.object({ registry: ratesSchema, identity: ratesSchema }),
  updatedAt: z.iso.datetime(),
});
export type SettingsDocument = z.infer<typeof settingsDocumentSchema>;

export function settingsRef(registry: RegistryName): DocumentRef {
  return { container: 'registries', partition: [registry], id: 'settings' };
}

/** The defaults of the deployment, for a registry that sets nothing else. */
export interface RegistryDefaults {
  readonly sku: Sku;
  readonly rateLimits: RateLimitSettings;
}

/**
 * Returns the rates in force. The registry's own SKU and numbers hold where the deployment limits by SKU; the
 * deployment's own numbers, or that it limits nothing, always hold.
 */
export function ratesInForce(
  { sku, rateLimits }: RegistryDefaults,
  own: Pick<SettingsDocument, 'sku' | 'rateLimits'> | undefined,
): RatesInForce {
  const of = (which: 'registry' | 'identity') => {
    const configured = rateLimits[which];
    if (configured !== 'sku') return configured;
    const usual = ratesOfSku[own?.sku ?? sku];
    const given = own?.rateLimits[which];
    return {
      read: given?.read ?? usual.read,
      write: given?.write ?? usual.write,
      delete: given?.delete ?? usual.delete,
    };
  };
  const [registry, identity] = [of('registry'), of('identity')];
  return {
    ...defined({
      registry,
      identity: identity === undefined ? undefined : registry === undefined ? identity : below(registry, identity),
    }),
  };
}

/** Bounds an identity's rates: whatever the numbers say, no identity alone gets all that there is for everybody. */
function below(registry: Rates, identity: Rates): Rates {
  const most = partOf(registry, 'identity');
  return {
    read: Math.min(identity.read, most.read),
    write: Math.min(identity.write, most.write),
    delete: Math.min(identity.delete, most.delete),
  };
}

/** An instance uses what it last read for so many milliseconds: a change elsewhere is seen as late. */
const freshMs = 10_000;

interface Ports {
  readonly documents: ReadDocument;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The limits of one registry as an instance knows them. No request waits for a read: it uses what is known, at first
 * the deployment's defaults, and when the store does not answer what was known last. Limits are no permission.
 */
export class RegistryRates {
  readonly #ports: Ports;
  readonly #registry: RegistryName;
  readonly #defaults: RegistryDefaults;
  #rates: RatesInForce;
  #lookedAt = -Infinity;
  #looking = false;

  constructor(ports: Ports, registry: RegistryName, defaults: RegistryDefaults) {
    this.#ports = ports;
    this.#registry = registry;
    this.#defaults = defaults;
    this.#rates = ratesInForce(defaults, undefined);
  }

  current(): RatesInForce {
    const { registry, identity } = this.#defaults.rateLimits;
    const bySku = registry === 'sku' || identity === 'sku';
    if (bySku && !this.#looking && this.#ports.clock.now().getTime() - this.#lookedAt >= freshMs) void this.#look();
    return this.#rates;
  }

  /** Uses settings that this instance has just changed. */
  learn(own: SettingsDocument): void {
    this.#lookedAt = this.#ports.clock.now().getTime();
    this.#rates = ratesInForce(this.#defaults, own);
  }

  async #look(): Promise<void> {
    this.#looking = true;
    const at = this.#ports.clock.now().getTime();
    try {
      const own = await readStored(this.#ports.documents, settingsDocumentSchema, settingsRef(this.#registry));
      // Settings that were learned in the meantime are newer.
      if (this.#lookedAt < at) this.#rates = ratesInForce(this.#defaults, own?.document);
    } catch (error) {
      this.#ports.log.warn({ err: error }, "the registry's settings cannot be read, so its limits stay as they were");
    } finally {
      this.#lookedAt = Math.max(this.#lookedAt, at);
      this.#looking = false;
    }
  }
}
