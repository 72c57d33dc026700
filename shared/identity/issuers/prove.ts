import { decodeJwt, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { RegistryError } from '../../oci/faults.ts';
import { OutboundRefused } from '../../ports/outbound.ts';
import { parseStored } from '../../state/stored.ts';
import { issuerDocumentSchema } from '../documents.ts';
import type { IssuerDocument } from '../documents.ts';
import type { Identity } from '../identity.ts';
import type { IdentityPorts, IdentitySettings } from '../ports.ts';
import { satisfies } from './conditions.ts';
import { IssuerKeys } from './keys.ts';

/** Pinned: what a token's header asks for beyond these is refused. */
const algorithms = ['RS256', 'ES256'];
const clockToleranceSeconds = 60;

/** How many entries may name the same issuer and count. */
const maxEntries = 20;
const maxSubjectLength = 200;

export interface OutsideProof {
  readonly identity: Identity;
  /** Entra ID's tenant, where the token names one. */
  readonly tenant?: string;
}

export interface ProveOutside {
  /**
   * Who the bearer of an outside token is here; `undefined` when no trusted issuer vouches for it. Throws `RegistryError`
   * (`denied`) when the issuer's keys are where the app must not go, and `StoreFailure`.
   */
  prove(token: string): Promise<OutsideProof | undefined>;
}

/** Entra ID, GitHub Actions, Kubernetes: whichever issuer an administrator trusts. */
export function outsideIdentities(ports: IdentityPorts, settings: Pick<IdentitySettings, 'registry'>): ProveOutside {
  const keys = new IssuerKeys(ports.outbound);
  return {
    async prove(token) {
      const issuer = issuerOf(token);
      if (issuer === undefined) return undefined;
      // Before anything is fetched: a token must not choose whom this process calls.
      const entries = await entriesOf(ports, settings, issuer);
      if (entries.length === 0) return undefined;
      const claims = await verified(ports, keys, token, issuer);
      return claims === undefined ? undefined : proofOf(claims, entries);
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

async function entriesOf({ documents }: IdentityPorts, { registry }: Pick<IdentitySettings, 'registry'>, issuer: string): Promise<IssuerDocument[]> {
  const page = await documents.queryDocuments({
    container: 'registries',
    partition: [registry],
    where: [{ path: 'type', is: '=', value: 'trusted-issuer' }, { path: 'issuer', is: '=', value: issuer }],
    limit: maxEntries,
  });
  return page.documents.map((found) => parseStored(issuerDocumentSchema, found, { container: 'registries' }).document);
}

async function verified({ clock, log }: IdentityPorts, keys: IssuerKeys, token: string, issuer: string): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(token, await keys.of(issuer), { algorithms, issuer, clockTolerance: clockToleranceSeconds, currentDate: clock.now(), requiredClaims: ['exp', 'sub', 'aud'] });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    if (!(error instanceof OutboundRefused)) throw error;
    log.warn({ err: error, issuer }, 'the keys of a trusted issuer are not fetched');
    throw new RegistryError({ is: 'denied', why: 'the keys of the token\'s issuer are at an address that is not public' });
  }
}

/** It gets what all entries grant whose audience and conditions it satisfies. */
function proofOf(claims: JWTPayload, entries: readonly IssuerDocument[]): OutsideProof | undefined {
  const satisfied = entries.filter((entry) => audiencesOf(claims).includes(entry.audience) && satisfies(claims, entry.conditions));
  const [first] = satisfied;
  if (first === undefined) return undefined;
  const identity: Identity = { is: 'workload', subject: `${first.name}:${claims.sub ?? ''}`.slice(0, maxSubjectLength), issuers: satisfied.map(({ name }) => name) };
  const { tid } = claims;
  return { identity, ...(typeof tid === 'string' && tid.length <= maxSubjectLength ? { tenant: tid } : {}) };
}

function audiencesOf({ aud }: JWTPayload): readonly string[] {
  return typeof aud === 'string' ? [aud] : (aud ?? []);
}
