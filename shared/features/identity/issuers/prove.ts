import type { JWTPayload } from 'jose';
import { decodeJwt, errors, jwtVerify } from 'jose';
import { defined } from '../../../core/documents/defined.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { OutboundRefused } from '../../../core/ports/outbound.ts';
import type { IssuerDocument } from '../documents.ts';
import type { Identity } from '../identity.ts';
import type { IdentityPorts } from '../ports.ts';
import { satisfies } from './conditions.ts';
import { IssuerKeys } from './keys.ts';
import type { TrustedIssuers } from './trusted.ts';

/** The algorithms are pinned: a token whose header asks for another is refused. */
const algorithms = ['RS256', 'ES256'];
const clockToleranceSeconds = 60;

const maxSubjectLength = 200;

interface OutsideProof {
  readonly identity: Identity;
  /** The end of the outside token, in milliseconds since 1970. */
  readonly until: number;
  /** Entra ID's tenant, where the token names one. */
  readonly tenant?: string;
}

export interface ProveOutside {
  /**
   * Returns the identity of the bearer of an outside token; `undefined` when no trusted issuer vouches for it.
   * `beforeCall` is called before an issuer is, and throws when strangers have asked enough. Throws `RegistryError`
   * (`denied`) when the issuer's keys are where the app must not go, and `StoreFailure`.
   */
  prove(token: string, beforeCall: () => void): Promise<OutsideProof | undefined>;
}

/** Proves outside identities of Entra ID, GitHub Actions, Kubernetes, or any issuer that an administrator trusts. */
export function outsideIdentities(ports: IdentityPorts, trusted: TrustedIssuers): ProveOutside {
  const keys = new IssuerKeys(ports.outbound);
  return {
    async prove(token, beforeCall) {
      const issuer = issuerOf(token);
      // This comes before anything is fetched: a token must not choose whom this process calls.
      const recent = issuer === undefined ? [] : await trusted.recentOf(issuer);
      if (issuer === undefined || recent.length === 0) return undefined;
      if (!keys.has(issuer)) beforeCall();
      const claims = await verified(ports, keys, token, issuer);
      // A public issuer signs for everybody: a token that it has signed for somebody else costs no read of the store.
      if (claims === undefined || proofOf(claims, recent) === undefined) return undefined;
      // The issuers that are trusted now decide.
      return proofOf(claims, await trusted.entriesOf(issuer));
    },
  };
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch (error) {
    if (error instanceof errors.JWTInvalid) return undefined;
    throw error;
  }
}

async function verified(
  { clock, log }: IdentityPorts,
  keys: IssuerKeys,
  token: string,
  issuer: string,
): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(token, await keys.of(issuer), {
      algorithms,
      issuer,
      clockTolerance: clockToleranceSeconds,
      currentDate: clock.now(),
      requiredClaims: ['exp', 'sub', 'aud'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    if (!(error instanceof OutboundRefused)) throw error;
    log.warn({ err: error, issuer }, 'the keys of a trusted issuer cannot be fetched');
    throw new RegistryError({
      is: 'denied',
      why: "the keys of the token's issuer may not be fetched: the registry's log has the reason",
    });
  }
}

/** Makes the proof, with the grants of all entries whose audience and conditions the token satisfies. */
function proofOf(claims: JWTPayload, entries: readonly IssuerDocument[]): OutsideProof | undefined {
  const satisfied = entries.filter(
    (entry) => audiencesOf(claims).includes(entry.audience) && satisfies(claims, entry.conditions),
  );
  const [first] = satisfied;
  if (first === undefined) return undefined;
  const identity: Identity = {
    is: 'workload',
    subject: `${first.name}:${claims.sub ?? ''}`.slice(0, maxSubjectLength),
    issuers: satisfied.map(({ name }) => name),
  };
  const { tid, exp = 0 } = claims;
  return {
    identity,
    until: exp * 1000,
    ...defined({ tenant: typeof tid === 'string' && tid.length <= maxSubjectLength ? tid : undefined }),
  };
}

function audiencesOf({ aud }: JWTPayload): readonly string[] {
  return typeof aud === 'string' ? [aud] : (aud ?? []);
}
