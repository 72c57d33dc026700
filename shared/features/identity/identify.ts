import { defined } from '../../core/documents/defined.ts';
import type { ClientAddress } from '../../core/http/client-address.ts';
import type { Origin } from '../../core/http/origin.ts';
import { originOf } from '../../core/http/origin.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Access, Caller, Challenge, IdentifyCaller } from '../../core/ports/authorize.ts';
import type { AnonymousGrants } from './anonymous.ts';
import type { Credentials } from './credentials.ts';
import { parseCredentials } from './credentials.ts';
import type { Grants } from './grants.ts';
import { permits } from './grants.ts';
import type { Identity, Proof } from './identity.ts';
import { actorOf } from './identity.ts';
import { principalOf } from './may-pull.ts';
import type { Login, ProvePorts } from './prove.ts';
import { proveLogin, proveToken } from './prove.ts';
import type { RateLimits } from './ratelimits.ts';
import type { Session } from './sessions/session.ts';

export interface IdentifyPorts extends ProvePorts {
  readonly anonymous: AnonymousGrants;
  readonly limits: RateLimits | undefined;
  readonly addressOf: ClientAddress;
}

/**
 * Identifies callers by access token or, as ACR's clients send it, by user and password. When it has seen the
 * credentials, it reads no store and checks no signature.
 */
export function identifyCallers(ports: IdentifyPorts): IdentifyCaller {
  return {
    async identify(request, needed) {
      const origin = originOf(request, ports.settings.publicUrl);
      const header = request.headers.get('authorization');
      if (header === null) return anonymousCaller(ports, request, origin, needed);
      const credentials = parseCredentials(header);
      const proof =
        credentials === undefined ? undefined : await prove(ports, request, credentials, header, origin.host);
      if (proof === undefined) {
        ports.limits?.countRefused(request);
        throw refusal(origin, needed);
      }
      countAgainst(
        ports,
        request,
        proof.identity,
        needed.every((access) => permits(proof.grants, access)),
      );
      return callerOf(proof, credentials?.scheme === 'Bearer' ? challengeAt(origin) : undefined);
    },
  };
}

async function anonymousCaller(
  ports: IdentifyPorts,
  request: Request,
  origin: Origin,
  needed: readonly Access[],
): Promise<Caller> {
  const identity: Identity = { is: 'anonymous' };
  const grants = await ports.anonymous.read();
  countAgainst(ports, request, identity, needed.length > 0 && needed.every((access) => permits(grants, access)));
  const caller = { ...callerOf({ identity, grants }, challengeAt(origin)), anonymous: true };
  known.set(caller, { proof: { identity, grants }, session: undefined });
  return caller;
}

/**
 * Asks the gates that count requests. Throws `RegistryError` for what one of them refuses.
 */
export function countAgainst(
  { admission }: IdentifyPorts,
  request: Request,
  identity: Identity,
  isServed: boolean,
): void {
  const name = identity.is === 'anonymous' ? undefined : `${identity.is} ${actorOf(identity)}`;
  admission.count({ request, identity: name, isServed });
}

/** Proves credentials. A bearer token must be an access token: a refresh token opens nothing by itself. */
function prove(
  ports: IdentifyPorts,
  request: Request,
  credentials: Credentials,
  header: string,
  host: string,
): Promise<Proof | undefined> {
  return credentials.scheme === 'Bearer'
    ? ports.proven.prove(header, host, 'signature', () => proveToken(ports, credentials.token, host, 'access_token'))
    : proveLogin(ports, loginOf(ports, request, credentials, host));
}

/** Makes the login of a user and a password that came with a request, whichever way. */
export function loginOf(
  { addressOf, limits }: IdentifyPorts,
  request: Request,
  { user, password }: Pick<Login, 'user' | 'password'>,
  host: string,
): Login {
  return { user, password, host, address: addressOf(request), beforeStore: () => limits?.takeLookup(request, 'name') };
}

/**
 * Makes the caller. With a challenge a refusal asks for a token with more rights; a caller with a password has no more
 * to show.
 */
export function callerOf(
  proof: Pick<Proof, 'identity' | 'grants' | 'withoutCatalog' | 'until'>,
  challenge: Challenge | undefined,
  session?: Session,
): Caller {
  const { identity, grants, withoutCatalog = false } = proof;
  const caller = {
    actor: actorOf(identity),
    principal: principalOf(identity),
    may: mayBy(grants),
    withoutCatalog,
    ...defined({ challenge }),
  };
  known.set(caller, { proof, session });
  return caller;
}

const known = new WeakMap<Caller, KnownCaller>();

/** The proof behind a caller, which tells more than its rights. */
export interface KnownCaller {
  readonly proof: Pick<Proof, 'identity' | 'grants' | 'until'>;
  /** Its session in the portal; absent when it came with credentials. */
  readonly session: Session | undefined;
}

/** Returns what is known of a caller; `undefined` where everyone may do everything. */
export function knownOf(caller: Caller): KnownCaller | undefined {
  return known.get(caller);
}

function mayBy(grants: Grants): Caller['may'] {
  return (access) => permits(grants, access);
}

function refusal(origin: Origin, needed: readonly Access[]): RegistryError {
  return new RegistryError({ is: 'unauthorized', needed, why: 'invalid_token', challenge: challengeAt(origin) });
}

export function challengeAt({ url, host }: Origin): Challenge {
  return { scheme: 'Bearer', realm: `${url}/oauth2/token`, service: host };
}
