import type { Certificate } from './certificate.ts';
import { named, revocationSourcesOf } from './certificate.ts';
import type { Chain } from './certificates.ts';

export type RevocationState = 'good' | 'revoked' | 'unknown';

/**
 * Asks whether a certificate is revoked, at the addresses that it names itself (`revocationSourcesOf`). These are chosen
 * by the maker of the certificate, so an implementation goes through the guarded client, and bounds each wait. A
 * revocation that became effective after `signedAt` does no harm.
 */
export type Revocation = (certificate: Certificate, issuer: Certificate, signedAt?: Date) => Promise<RevocationState>;

/**
 * Asks for every certificate of a chain but its root, and says of which one it is not known to be good; `undefined`
 * where all are. One that names no address cannot be revoked, and counts as good. Without a way to ask all others are
 * unknown.
 */
export async function revocationFault(
  chain: Chain,
  ask: Revocation | undefined,
  signedAt: Date | undefined,
): Promise<string | undefined> {
  const states = await Promise.all(
    chain.slice(0, -1).map(async (certificate, at) => ({
      certificate,
      state: await stateOf(certificate, chain[at + 1] ?? certificate, ask, signedAt),
    })),
  );
  const revoked = states.find(({ state }) => state === 'revoked');
  if (revoked !== undefined) return `The revocation of ${named(revoked.certificate)} is published.`;
  const unknown = states.find(({ state }) => state === 'unknown');
  return unknown === undefined
    ? undefined
    : `It is not known whether ${named(unknown.certificate)} is revoked${ask === undefined ? ', because the registry asks nobody' : ''}.`;
}

async function stateOf(
  certificate: Certificate,
  issuer: Certificate,
  ask: Revocation | undefined,
  signedAt: Date | undefined,
): Promise<RevocationState> {
  const { ocsp, crl } = revocationSourcesOf(certificate);
  if (ocsp.length + crl.length === 0) return 'good';
  if (ask === undefined) return 'unknown';
  try {
    return await ask(certificate, issuer, signedAt);
  } catch {
    // Not to know is an answer here, and the policy says what follows from it.
    return 'unknown';
  }
}
