import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import type { Parsed } from '../../core/feature/feature.ts';
import { wholeNumberFrom } from '../../core/feature/number-setting.ts';
import type { AuthSettings } from './identities.ts';
import { parsePasswordHash } from './password.ts';
import type { RateLimitSettings, Rates, Sku } from './ratelimits.ts';

export const passwordHashSchema = z.string().transform((text, context) => {
  const parsed = parsePasswordHash(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: 'must be scrypt:16384:8:1:SALT:HASH, the last two in base64url' });
  return z.NEVER;
});

/** `sku` takes ACR's numbers for the registry's SKU, and what the registry has set instead of them. */
const rateLimitsSchema = z.union(
  [
    z.literal('sku'),
    z.literal('off'),
    z
      .string()
      .regex(/^[1-9]\d{0,8}\/[1-9]\d{0,8}\/[1-9]\d{0,8}$/)
      .transform(parseRates),
  ],
  {
    error: 'must be "sku", "off", or READS/WRITES/DELETES a minute, as in 10000/2000/1000',
  },
);

function parseRates(text: string): Rates {
  const [read = 0, write = 0, deletes = 0] = text.split('/').map(Number);
  return { read, write, delete: deletes };
}

/** These settings say who may do what, and how often ([identities](../identities.md)). */
export const identitySettings = {
  /**
   * Says whether requests need credentials: `required`, or `open`, which lets everyone do everything. There is no
   * default: the local stack sets it, on loopback alone.
   */
  LONGSHORE_AUTH: z.enum(['open', 'required'], {
    error: 'must be "open" (everyone may do everything) or "required"',
  }),
  /**
   * Holds the hash of the password of the user `admin` (`npm run -s password` makes it); without it there is no such
   * user. Changing it ends every login that was made with the password before.
   */
  LONGSHORE_ADMIN_PASSWORD_HASH: passwordHashSchema.optional(),
  /**
   * Limits the requests of the whole registry, per instance: `sku` takes ACR's numbers for the SKU, `off` limits
   * nothing, and `READS/WRITES/DELETES` are numbers a minute. It holds with LONGSHORE_AUTH=required alone.
   */
  LONGSHORE_RATE_LIMITS: rateLimitsSchema.default('sku'),
  /**
   * Limits the requests of each identity, per instance, in the form of LONGSHORE_RATE_LIMITS. It holds with
   * LONGSHORE_AUTH=required alone.
   */
  LONGSHORE_IDENTITY_RATE_LIMITS: rateLimitsSchema.default('sku'),
  /**
   * Counts the proxies before the app that add the address of their client to `X-Forwarded-For`. That many entries, from
   * the end, are believed, and limits count by the first of those. 0 takes the connection's address, which the Functions
   * host does not tell.
   */
  LONGSHORE_TRUSTED_HOPS: wholeNumberFrom(0, 10).default(0),
};

type OwnConfig = Parsed<typeof identitySettings>;
type Given = OwnConfig & { readonly LONGSHORE_SKU: Sku; readonly LONGSHORE_PUBLIC_URL?: URL | undefined };

/** Reads from the settings whether credentials are needed, and the limits of requests. */
export function readIdentitySettings(config: Given): { readonly auth: AuthSettings } {
  if (config.LONGSHORE_AUTH === 'open') return { auth: { mode: 'open', sku: config.LONGSHORE_SKU, ...hopsOf(config) } };
  return {
    auth: {
      mode: 'required',
      ...defined({ administrator: config.LONGSHORE_ADMIN_PASSWORD_HASH, publicUrl: config.LONGSHORE_PUBLIC_URL }),
      sku: config.LONGSHORE_SKU,
      ...hopsOf(config),
      rateLimits: {
        ...ratesOf('registry', config.LONGSHORE_RATE_LIMITS),
        ...ratesOf('identity', config.LONGSHORE_IDENTITY_RATE_LIMITS),
      },
    },
  };
}

function hopsOf({ LONGSHORE_TRUSTED_HOPS: trustedHops }: OwnConfig): { readonly trustedHops?: number } {
  return defined({ trustedHops: trustedHops === 0 ? undefined : trustedHops });
}

function ratesOf(which: keyof RateLimitSettings, given: OwnConfig['LONGSHORE_RATE_LIMITS']): RateLimitSettings {
  return defined({ [which]: given === 'off' ? undefined : given });
}
