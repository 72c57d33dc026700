import type { Certificate, KeyUsage } from './certificate.ts';
import { basicConstraintsOf, certificateIn, extendedKeyUsageOf, keyUsageOf, named } from './certificate.ts';
import { NotationFault } from './fault.ts';
import { algorithmOfKey, isStrong } from './keys.ts';

/** The longest chain that is read. A chain of a hundred would cost a hundred signatures to find that nobody trusts it. */
export const maxChain = 20;

export type Purpose = 'code signing' | 'time-stamping';

/** A leaf that stands alone is its own root; every other chain ends in one. */
export type Chain = readonly [leaf: Certificate, ...issuers: Certificate[]];

/** Reads the certificates of an envelope in their order. Throws `NotationFault`. */
export function chainIn(ders: readonly Uint8Array[]): Chain {
  if (ders.length > maxChain)
    throw new NotationFault(`The chain has ${ders.length} certificates: at most ${maxChain} are read.`);
  const [leaf, ...issuers] = ders.map(certificateAt);
  if (leaf === undefined) throw new NotationFault('The envelope has no certificates.');
  return [leaf, ...issuers];
}

function certificateAt(der: Uint8Array, at: number): Certificate {
  try {
    return certificateIn(der);
  } catch (error) {
    if (!(error instanceof NotationFault)) throw error;
    throw new NotationFault(`Certificate ${at + 1} of the chain cannot be used: ${error.message}`);
  }
}

/**
 * Checks that a chain is complete, in order and allowed for its purpose: each certificate is issued by the next one,
 * the last by itself, and none is there besides. Nothing is said of trust or of time. Throws `NotationFault`.
 *
 * Only the extensions basicConstraints, keyUsage and extendedKeyUsage count. All others are ignored, critical ones
 * too, as the specification demands.
 */
export function checkChain(chain: Chain, purpose: Purpose): void {
  for (const each of chain)
    if (!isStrong(each.key))
      throw new NotationFault(
        `${sentence(each)} has a key that is too weak, too large or of a type that is not allowed.`,
      );
  checkLeaf(chain[0], purpose);
  chain.slice(1).forEach((each, below) => {
    checkAuthority(each, below, purpose);
  });
  checkOrder(chain);
}

function checkOrder(chain: Chain): void {
  for (const [at, each] of chain.entries()) {
    const isLast = at === chain.length - 1;
    const issuer = chain[at + 1] ?? each;
    if (isLast && !isIssuedBy(each, each))
      throw new NotationFault(`The chain does not end in a self-signed root: ${named(each)} is not signed by itself.`);
    if (!isLast && isIssuedBy(each, each))
      throw new NotationFault(`${sentence(each)} is self-signed, but is not the last of its chain.`);
    if (!isLast && !isIssuedBy(each, issuer))
      throw new NotationFault(`${sentence(each)} is not issued by the next one of its chain, ${named(issuer)}.`);
  }
}

/** Says whether the names fit, which costs nothing, and then whether the signature does. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (!certificate.issuer.equals(issuer.subject)) return false;
  try {
    return certificate.x509.verify(issuer.key.key);
  } catch {
    // The signature is of another type than the key.
    return false;
  }
}

const forbiddenToLeaves: readonly KeyUsage[] = [
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];

function checkLeaf(leaf: Certificate, purpose: Purpose): void {
  if (basicConstraintsOf(leaf)?.isAuthority === true)
    throw new NotationFault(`${sentence(leaf)} signs ${signedBy(purpose)}, but is one of a certificate authority.`);
  const usages = usagesOf(leaf, purpose);
  if (!usages.has('digitalSignature'))
    throw new NotationFault(`${sentence(leaf)} lacks the key usage digitalSignature.`);
  const forbidden = forbiddenToLeaves.filter((each) => usages.has(each));
  if (forbidden.length > 0)
    throw new NotationFault(`${sentence(leaf)} has a key usage that is not allowed to sign: ${forbidden.join(', ')}.`);
  if (purpose === 'code signing') checkCodeSigning(leaf);
  else checkTimeStamping(leaf);
  if (algorithmOfKey(leaf.key) === undefined)
    throw new NotationFault(
      `${sentence(leaf)} has a key of ${leaf.key.bits} bits: RSA keys of 2048, 3072 or 4096 and EC keys of 256, 384 or 521 bits may sign.`,
    );
}

function signedBy(purpose: Purpose): string {
  return purpose === 'code signing' ? 'the artifact' : 'the time-stamp';
}

const timeStamping = '1.3.6.1.5.5.7.3.8';
const forbiddenPurposes: Readonly<Record<string, string>> = {
  '2.5.29.37.0': 'anyExtendedKeyUsage',
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  [timeStamping]: 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
};

function checkCodeSigning(leaf: Certificate): void {
  const forbidden = (extendedKeyUsageOf(leaf)?.purposes ?? []).flatMap((each) => forbiddenPurposes[each] ?? []);
  if (forbidden.length > 0)
    throw new NotationFault(
      `${sentence(leaf)} has an extended key usage that is not allowed to sign code: ${forbidden.join(', ')}.`,
    );
}

function checkTimeStamping(leaf: Certificate): void {
  const extended = extendedKeyUsageOf(leaf);
  if (extended?.isCritical !== true || extended.purposes.length !== 1 || extended.purposes[0] !== timeStamping)
    throw new NotationFault(
      `${sentence(leaf)} must have timeStamping as its only extended key usage, and have it marked critical.`,
    );
}

/** Checks a certificate that has issued another; `below` is the number of authorities between it and the leaf. */
function checkAuthority(certificate: Certificate, below: number, purpose: Purpose): void {
  const constraints = basicConstraintsOf(certificate);
  if (constraints?.isAuthority !== true || !constraints.isCritical)
    throw new NotationFault(`${sentence(certificate)} has issued another, but is none of a certificate authority.`);
  if (constraints.pathLength !== undefined && constraints.pathLength < below)
    throw new NotationFault(`${sentence(certificate)} allows a shorter chain below it than this one.`);
  if (!usagesOf(certificate, purpose).has('keyCertSign'))
    throw new NotationFault(`${sentence(certificate)} lacks the key usage keyCertSign.`);
}

function usagesOf(certificate: Certificate, purpose: Purpose): ReadonlySet<KeyUsage> {
  const usage = keyUsageOf(certificate);
  if (usage === undefined) throw new NotationFault(`${sentence(certificate)} has no key usage.`);
  // Chains of time-stamping authorities only should have it marked critical.
  if (purpose === 'code signing' && !usage.isCritical)
    throw new NotationFault(`${sentence(certificate)} has a key usage that is not marked critical.`);
  return usage.usages;
}

/** Says whether a certificate may be put into a store of trusted ones: an authority's, or one that is self-signed. */
export function mayBeTrusted(certificate: Certificate): boolean {
  return basicConstraintsOf(certificate)?.isAuthority === true || isIssuedBy(certificate, certificate);
}

/** Says whether a certificate is a root of an authority, as the stores of time-stamping authorities demand. */
export function isRootAuthority(certificate: Certificate): boolean {
  return basicConstraintsOf(certificate)?.isAuthority === true && isIssuedBy(certificate, certificate);
}

/** Says of each certificate that was not valid during all of a time why it was not; `undefined` where all were. */
export function invalidityAt(chain: Chain, time: { readonly from: Date; readonly to: Date }): string | undefined {
  for (const each of chain) {
    if (time.from < each.notBefore) return `${named(each)} is valid only from ${each.notBefore.toISOString()}`;
    if (time.to > each.notAfter) return `${named(each)} was valid until ${each.notAfter.toISOString()}`;
  }
  return undefined;
}

/** Returns the certificate that is trusted, byte for byte; no path is built beyond what the envelope holds. */
export function trustedIn(chain: Chain, trusted: readonly Certificate[]): Certificate | undefined {
  return chain.find((each) => trusted.some(({ der }) => der.equals(each.der)));
}

function sentence(certificate: Certificate): string {
  const name = named(certificate);
  return name.charAt(0).toUpperCase() + name.slice(1);
}
