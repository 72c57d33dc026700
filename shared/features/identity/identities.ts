import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Gate } from '../../core/admission/gate.ts';
import type { ClientAddress } from '../../core/http/client-address.ts';
import { clientAddress } from '../../core/http/client-address.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { IdentifyCaller, IssueAccess } from '../../core/ports/authorize.ts';
import { openToAll } from '../../core/ports/authorize.ts';
import type { AskGrants } from '../../core/ports/grants.ts';
import type { LimitStrangers } from '../../core/ports/strangers.ts';
import { AnonymousGrants } from './anonymous.ts';
import { FailedAttempts } from './attempts.ts';
import type { IdentifyPorts } from './identify.ts';
import { identifyCallers } from './identify.ts';
import { outsideIdentities } from './issuers/prove.ts';
import { TrustedIssuers } from './issuers/trusted.ts';
import { issueToken } from './jwt.ts';
import { KeyRing } from './keys/ring.ts';
import type { ManagementPorts } from './management/ports.ts';
import { askGrants, openGrants } from './may-pull.ts';
import { respondOAuth2 } from './oauth2/http.ts';
import type { IdentityPorts, IdentitySettings } from './ports.ts';
import { ProvenCredentials } from './proven.ts';
import { rateGate } from './rate-gate.ts';
import { RateLimits } from './ratelimits.ts';
import { RegistryRates } from './registrysettings.ts';
import { identifyPortalCallers } from './sessions/callers.ts';
import { respondSession } from './sessions/http.ts';
import { Providers } from './sessions/provider.ts';
import { Sessions } from './sessions/sessions.ts';
import { SlowHashes } from './slow-hashes.ts';
import { limitStrangers } from './strangers.ts';
import { TokenDocuments } from './token-documents.ts';

/** The mode of authentication: `open` grants everyone every right. */
export type AuthSettings =
  | ({ readonly mode: 'open' } & Pick<IdentitySettings, 'sku' | 'trustedHops'>)
  | ({ readonly mode: 'required' } & Omit<IdentitySettings, 'registry'>);

/** The identities of one registry. */
export interface Identities {
  readonly callers: IdentifyCaller;
  /** Answers `/oauth2/*`; absent where nobody needs a token. Throws `RegistryError` and `StoreFailure`. */
  readonly oauth2: ((request: Request) => Promise<Response>) | undefined;
  /** Identifies callers of `/api/v1`, who may also have a session in the portal. */
  readonly portalCallers: IdentifyCaller;
  /** Answers `/ui/session` and what is below it. */
  readonly session: (request: Request) => Promise<Response>;
  readonly strangers: LimitStrangers;
  readonly gates: readonly Gate[];
  /** Returns the address that a request came from, as far as the trusted proxies tell. */
  readonly addressOf: ClientAddress;
  /** Issues access tokens; absent where nobody needs a token. */
  readonly issueAccess: IssueAccess | undefined;
  /** Answers which rights an identity has that is not the caller. */
  readonly grants: AskGrants;
  /** The part of the management API; in open mode it prepares for the other mode. */
  readonly management: () => Promise<OpenAPIHono>;
}

export function createIdentities(ports: IdentityPorts, registry: RegistryName, auth: AuthSettings): Identities {
  return auth.mode === 'open' ? openIdentities(ports, registry, auth) : requiredIdentities(ports, registry, auth);
}

function openIdentities(
  ports: IdentityPorts,
  registry: RegistryName,
  { sku = 'standard', trustedHops = 0 }: AuthSettings,
): Identities {
  const addressOf = clientAddress(trustedHops);
  return {
    callers: openToAll,
    portalCallers: openToAll,
    session: respondSession(undefined, ports.log),
    addressOf,
    oauth2: undefined,
    issueAccess: undefined,
    grants: openGrants,
    gates: [],
    strangers: limitStrangers(new FailedAttempts(ports.clock), undefined, addressOf),
    management: managementOf({
      ...ports,
      registry,
      defaults: { sku, rateLimits: {} },
      forget: () => undefined,
      learn: () => undefined,
    }),
  };
}

function managementOf(ports: ManagementPorts): Identities['management'] {
  return async () => (await import('./management/http.ts')).identityRoutes(ports);
}

function requiredIdentities(
  ports: IdentityPorts,
  registry: RegistryName,
  auth: Extract<AuthSettings, { mode: 'required' }>,
): Identities {
  const { sku = 'standard', trustedHops = 0, rateLimits } = auth;
  const addressOf = clientAddress(trustedHops);
  const attempts = new FailedAttempts(ports.clock);
  const settings: IdentitySettings = { ...auth, registry };
  const anonymous = new AnonymousGrants(ports, registry);
  const [proven, tokens, trusted] = [
    new ProvenCredentials(ports.clock),
    new TokenDocuments(ports, registry),
    new TrustedIssuers(ports, registry),
  ];
  const defaults = { sku, rateLimits: rateLimits ?? {} };
  const rates = new RegistryRates(ports, registry, defaults);
  const limits = rateLimits === undefined ? undefined : new RateLimits(ports.clock, () => rates.current(), addressOf);
  const identify: IdentifyPorts = {
    ...ports,
    settings,
    anonymous,
    proven,
    tokens,
    limits,
    addressOf,
    attempts,
    slowHashes: new SlowHashes(attempts, ports.passwords),
    ring: new KeyRing(ports, settings),
  };
  const outside = outsideIdentities(ports, trusted);
  const sessions = new Sessions(ports, settings);
  const forget = () => {
    for (const known of [anonymous, proven, tokens, trusted, sessions]) known.forget();
  };
  return {
    callers: identifyCallers(identify),
    oauth2: (request) => respondOAuth2({ ...identify, outside }, request),
    portalCallers: identifyPortalCallers(identify, sessions),
    session: respondSession({ ...identify, sessions, trusted, providers: new Providers(ports) }, ports.log),
    strangers: limitStrangers(attempts, limits, addressOf),
    addressOf,
    gates: limits === undefined ? [] : [rateGate(limits)],
    issueAccess: issueWith(identify),
    grants: askGrants({ ...ports, anonymous }, settings),
    management: managementOf({ ...ports, registry, defaults, forget, learn: (own) => rates.learn(own) }),
  };
}

function issueWith(identify: IdentifyPorts): IssueAccess {
  return ({ to, access, host, until }) =>
    issueToken(identify, {
      identity: { is: 'workload', subject: to, issuers: [] },
      host,
      expiresAt: until.getTime(),
      access: access.map(({ name, actions }) => ({ type: 'repository', name, actions })),
    });
}
