import type { KeyObject, X509Certificate } from 'node:crypto';
import { NotationFault } from './fault.ts';

export type Hash = 'sha256' | 'sha384' | 'sha512';

/** The names of JWS for the six algorithms that Notary Project knows. */
export type SignatureAlgorithm = 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512';

export interface KeyFacts {
  readonly key: KeyObject;
  readonly type: 'RSA' | 'EC' | 'another type';
  readonly bits: number;
}

const curves: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 };
/** A key of more bits costs seconds to check, and nobody makes one. */
const maxRsaBits = 8192;

export function factsOfKey(x509: X509Certificate): KeyFacts {
  const key = publicKeyOf(x509);
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') return { key, type: 'RSA', bits: modulusLength };
  // A curve that is spelled out instead of named has no name here, and so no bits.
  if (key.asymmetricKeyType === 'ec') return { key, type: 'EC', bits: curves[namedCurve] ?? 0 };
  return { key, type: 'another type', bits: 0 };
}

function publicKeyOf(x509: X509Certificate): KeyObject {
  try {
    return x509.publicKey;
  } catch {
    throw new NotationFault('A certificate has a public key that cannot be read.');
  }
}

/** Says whether a key may be in a chain at all: RSA from 2048 bits, or one of the three named curves. */
export function isStrong({ type, bits }: KeyFacts): boolean {
  return type === 'RSA' ? bits >= 2048 && bits <= maxRsaBits : type === 'EC' && bits >= 256;
}

const algorithms: Readonly<Record<string, { readonly algorithm: SignatureAlgorithm; readonly hash: Hash }>> = {
  'RSA 2048': { algorithm: 'PS256', hash: 'sha256' },
  'RSA 3072': { algorithm: 'PS384', hash: 'sha384' },
  'RSA 4096': { algorithm: 'PS512', hash: 'sha512' },
  'EC 256': { algorithm: 'ES256', hash: 'sha256' },
  'EC 384': { algorithm: 'ES384', hash: 'sha384' },
  'EC 521': { algorithm: 'ES512', hash: 'sha512' },
};

/** Returns the one algorithm that a key may sign by; `undefined` for a key that may not sign. */
export function algorithmOfKey({
  type,
  bits,
}: KeyFacts): { readonly algorithm: SignatureAlgorithm; readonly hash: Hash } | undefined {
  return algorithms[`${type} ${bits}`];
}
