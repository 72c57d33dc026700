import type { Certificate } from './certificate.ts';
import { named, revocationSourcesOf } from './certificate.ts';
import type { Chain } from './certificates.ts';

export type RevocationState = 'good' | 'revoked' | 'unknown';

/** The state of one certificate. */
export interface RevocationFinding {
  readonly state: RevocationState;
  /** The reason why nothing is known, as the end of a sentence. */
  readonly why?: string;
  /** The time until which the answer counts, as the responder says. */
  readonly until?: Date;
}

/**
 * Asks whether a certificate is revoked, at the addresses that it names itself (`revocationSourcesOf`). These are chosen
 * by the maker of the certificate, so an implementation goes through the guarded client, and bounds each wait. A
 * revocation that became effective after `signedAt` does no harm.
 */
export type Revocation = (certificate: Certificate, issuer: Certificate, signedAt?: Date) => Promise<RevocationFinding>;

/** The state of a whole chain. */
export type ChainRevocation =
  /** `until` is the time until which all answers count; absent where nobody was asked. */
  | { readonly state: 'good'; readonly until?: Date }
  /** `fault` is a sentence about the certificate that is not good. */
  | { readonly state: 'revoked'; readonly fault: string }
  | { readonly state: 'unknown'; readonly fault: string };

/**
 * Asks for every certificate of a chain but its root. One that names no address cannot be revoked, and counts as good.
 * Without a way to ask all others are unknown.
 */
export async function revocationOf(
  chain: Chain,
  ask: Revocation | undefined,
  signedAt: Date | undefined,
): Promise<ChainRevocation> {
  const found = await Promise.all(
    chain.slice(0, -1).map(async (certificate, at) => ({
      certificate,
      ...(await findingOf(certificate, chain[at + 1] ?? certificate, ask, signedAt)),
    })),
  );
  const revoked = found.find(({ state }) => state === 'revoked');
  if (revoked !== undefined)
    return { state: 'revoked', fault: `The revocation of ${named(revoked.certificate)} is published.` };
  const unknown = found.find(({ state }) => state === 'unknown');
  if (unknown !== undefined) {
    const why = unknown.why === undefined ? '' : `, because ${unknown.why}`;
    return { state: 'unknown', fault: `It is not known whether ${named(unknown.certificate)} is revoked${why}.` };
  }
  const [first] = found.flatMap(({ until }) => until ?? []).toSorted((a, b) => a.getTime() - b.getTime());
  return first === undefined ? { state: 'good' } : { state: 'good', until: first };
}

async function findingOf(
  certificate: Certificate,
  issuer: Certificate,
  ask: Revocation | undefined,
  signedAt: Date | undefined,
): Promise<RevocationFinding> {
  const { ocsp, crl } = revocationSourcesOf(certificate);
  if (ocsp.length + crl.length === 0) return { state: 'good' };
  if (ask === undefined) return { state: 'unknown', why: 'the registry asks nobody' };
  try {
    return await ask(certificate, issuer, signedAt);
  } catch {
    // Not to know is an answer here, and the policy says what follows from it.
    return { state: 'unknown' };
  }
}

/** The bounds of what one judgement asks: the addresses are its signers' choice, and so is whether they answer. */
const most = { questions: 40, ms: 15_000 } as const;

/**
 * Bounds a way to ask for the judgement of one manifest. Somebody who may push could otherwise attach fifty signatures
 * whose certificates name addresses that never answer, or let the registry call a host of others a thousand times.
 */
export function boundedRevocation(ask: Revocation, elapsed: () => number = () => performance.now()): Revocation {
  let [asked, spentMs] = [0, 0];
  return async (...question) => {
    if (asked >= most.questions || spentMs >= most.ms)
      return { state: 'unknown', why: 'the signatures of this image have used up what may be asked for one' };
    asked += 1;
    const began = elapsed();
    try {
      return await ask(...question);
    } finally {
      spentMs += elapsed() - began;
    }
  };
}
