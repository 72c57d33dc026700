import { RegistryError } from '../oci/faults.ts';
import { originOf } from '../http/origin.ts';
import type { Origin } from '../http/origin.ts';
import { peerOf } from '../http/peer.ts';
import type { Access, Caller, Challenge, IdentifyCaller } from '../ports/authorize.ts';
import type { AnonymousGrants } from './anonymous.ts';
import { parseCredentials } from './credentials.ts';
import type { Credentials } from './credentials.ts';
import { permits } from './grants.ts';
import type { Grants } from './grants.ts';
import { actorOf } from './identity.ts';
import { principalOf } from './may-pull.ts';
import type { Identity, Proof } from './identity.ts';
import { proveLogin, proveToken } from './prove.ts';
import type { ProvePorts } from './prove.ts';
import type { ProvenCredentials } from './proven.ts';
import type { RateLimits } from './ratelimits.ts';

export interface IdentifyPorts extends ProvePorts {
  readonly proven: ProvenCredentials;
  readonly anonymous: AnonymousGrants;
  readonly limits: RateLimits | undefined;
}

/** Callers by access token or, as ACR's clients send it, by user and password. Warm, it reads no store and checks no signature. */
export function identifyCallers(ports: IdentifyPorts): IdentifyCaller {
  return {
    async identify(request, needed) {
      const origin = originOf(request, ports.settings.publicUrl);
      const header = request.headers.get('authorization');
      if (header === null) return anonymousCaller(ports, request, origin);
      const credentials = parseCredentials(header);
      const proof = credentials === undefined ? undefined : await prove(ports, request, credentials, header, origin.host);
      if (proof === undefined) throw refusal(origin, needed);
      ports.limits?.take(request, limitKey(proof.identity, request));
      return callerOf(proof, credentials?.scheme === 'Bearer' ? challengeAt(origin) : undefined);
    },
  };
}

async function anonymousCaller(ports: IdentifyPorts, request: Request, origin: Origin): Promise<Caller> {
  const identity: Identity = { is: 'anonymous' };
  ports.limits?.take(request, limitKey(identity, request));
  const grants = await ports.anonymous.read();
  return { ...callerOf({ identity, grants }, challengeAt(origin)), anonymous: true };
}

/** As bearer, an access token alone: a refresh token opens nothing by itself. */
function prove(ports: IdentifyPorts, request: Request, credentials: Credentials, header: string, host: string): Promise<Proof | undefined> {
  return credentials.scheme === 'Bearer'
    ? ports.proven.prove(header, host, 'signature', () => proveToken(ports, credentials.token, host, 'access_token'))
    : ports.proven.prove(header, host, 'documents', () => proveLogin(ports, { ...credentials, host, address: peerOf(request) }));
}

/** With a challenge a refusal asks for a token with more; whoever came with a password has no more to show. */
function callerOf({ identity, grants, withoutCatalog = false }: Pick<Proof, 'identity' | 'grants' | 'withoutCatalog'>, challenge: Challenge | undefined): Caller {
  return { actor: actorOf(identity), principal: principalOf(identity), may: mayBy(grants), withoutCatalog, ...(challenge === undefined ? {} : { challenge }) };
}

function mayBy(grants: Grants): Caller['may'] {
  return (access) => permits(grants, access);
}

function refusal(origin: Origin, needed: readonly Access[]): RegistryError {
  return new RegistryError({ is: 'unauthorized', needed, why: 'invalid_token', challenge: challengeAt(origin) });
}

function challengeAt({ url, host }: Origin): Challenge {
  return { scheme: 'Bearer', realm: `${url}/oauth2/token`, service: host };
}

/** The anonymous share one budget only with their own address's, where that is known. */
export function limitKey(identity: Identity, request: Request): string {
  if (identity.is === 'anonymous') return `anonymous ${peerOf(request) ?? ''}`;
  return `${identity.is} ${actorOf(identity)}`;
}
