import type { RegistryName } from '../oci/name.ts';
import type { Clock, RandomIds } from '../ports/clock.ts';
import type { Documents } from '../ports/documents.ts';
import type { Log } from '../ports/log.ts';
import type { GetJson } from '../ports/outbound.ts';
import type { SealingKeys } from '../state/sealing-keys.ts';
import type { PasswordHash } from './password.ts';
import type { RateLimitSettings, Sku } from './ratelimits.ts';

/** What identities need of the world. */
export interface IdentityPorts {
  readonly documents: Documents;
  readonly outbound: GetJson;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  /** For the private keys of the ring; the same on every instance. */
  readonly sealing: SealingKeys;
}

export interface IdentitySettings {
  readonly registry: RegistryName;
  /** Of the user `admin`; without one there is no such user. */
  readonly administrator?: PasswordHash;
  /** Where clients find the registry, when that is not where requests come in. */
  readonly publicUrl?: URL;
  /** Of a registry whose settings name none; `standard` when absent. */
  readonly sku?: Sku;
  /** How many proxies before the app add to `X-Forwarded-For`; absent, none. */
  readonly trustedHops?: number;
  /** Absent: no limits. */
  readonly rateLimits?: RateLimitSettings;
}
