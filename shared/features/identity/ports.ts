import type { Admission } from '../../core/admission/admission.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { IssueAssertion } from '../../core/ports/federation.ts';
import type { Log } from '../../core/ports/log.ts';
import type { AskUrl, GetJson } from '../../core/ports/outbound.ts';
import type { HashPassword } from '../../core/ports/passwords.ts';
import type { SealingKeys } from '../../core/secrets/sealing-keys.ts';
import type { PasswordHash } from './password.ts';
import type { RateLimitSettings, Sku } from './ratelimits.ts';

/** The ports of identities. */
export interface IdentityPorts {
  readonly admission: Pick<Admission, 'count'>;
  readonly documents: Documents;
  readonly outbound: GetJson & AskUrl;
  /** The app's managed identity as a client of Entra ID; absent where it has none. */
  readonly federation?: IssueAssertion | undefined;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly passwords: HashPassword;
  readonly log: Log;
  /** The keys that seal the private keys of the ring; they are the same on every instance. */
  readonly sealing: SealingKeys;
}

export interface IdentitySettings {
  readonly registry: RegistryName;
  /** The password of the user `admin`; without one there is no such user. */
  readonly administrator?: PasswordHash;
  /** The URL at which clients find the registry, when that is not where requests come in. */
  readonly publicUrl?: URL;
  /** The SKU of a registry whose settings name none; `standard` when absent. */
  readonly sku?: Sku;
  /** The number of proxies before the app that add to `X-Forwarded-For`; absent, none. */
  readonly trustedHops?: number;
  /** The rate limits; absent, there are none. */
  readonly rateLimits?: RateLimitSettings;
}
