import type { KeyObject } from 'node:crypto';
import { createPublicKey, verify } from 'node:crypto';

const allowedKeys = 'allowed are EC keys on P-256, P-384 and P-521, RSA keys of 2048 to 8192 bits, and Ed25519 keys';

/** Node's names of the curves P-256, P-384 and P-521, with the hash that signers use with each. */
const curves: ReadonlyMap<string | undefined, string> = new Map([
  ['prime256v1', 'sha256'],
  ['secp384r1', 'sha384'],
  ['secp521r1', 'sha512'],
]);

/** A larger exponent only makes a check slow; everybody uses 65537. */
const largestExponent = 0xffff_ffffn;

/** Says what is wrong with a key, and what is allowed; `undefined` for a key that may verify signatures. */
export function keyFault(key: KeyObject): string | undefined {
  const { namedCurve, modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return undefined;
    case 'ec':
      return curves.has(namedCurve)
        ? undefined
        : `is an EC key on ${namedCurve ?? 'a curve without a name'}: ${allowedKeys}`;
    case 'rsa':
      if (modulusLength < 2048 || modulusLength > 8192) return `is an RSA key of ${modulusLength} bits: ${allowedKeys}`;
      return publicExponent > largestExponent
        ? `is an RSA key with an exponent above 32 bits: ${allowedKeys}`
        : undefined;
    default:
      return `is a key of the type ${key.asymmetricKeyType ?? 'unknown'}: ${allowedKeys}`;
  }
}

const publicKeyBlock = /^-----BEGIN PUBLIC KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END PUBLIC KEY-----$/;

/**
 * Reads a public key of a policy. Only the one form that tools export is accepted: Node would take a private key or a
 * certificate as well, and a policy that holds a private key has lost it.
 */
export function readPublicKey(pem: string): { readonly key: KeyObject } | { readonly fault: string } {
  const text = pem.trim();
  if (text.includes('PRIVATE KEY'))
    return { fault: 'is a private key, which must not be in a policy: give the public key of the pair' };
  if (!publicKeyBlock.test(text))
    return { fault: 'is not one public key in PEM, from "-----BEGIN PUBLIC KEY-----" to "-----END PUBLIC KEY-----"' };
  try {
    const key = createPublicKey(text);
    const fault = keyFault(key);
    return fault === undefined ? { key } : { fault };
  } catch {
    return { fault: `is not a public key that can be read: ${allowedKeys}` };
  }
}

/** Each hash of each key reads the whole content again, so the rare ones are not tried with a large one. */
const largeContent = 1024 * 1024;

/**
 * Says whether a key made a signature. Signers choose the hash: by the curve (sigstore's algorithms), or SHA-256 with
 * every key (cosign's default); both are accepted, as is SHA-512, which `cosign --signature-digest-algorithm` allows.
 */
export function isSignedBy(key: KeyObject, signed: Buffer, signature: Buffer): boolean {
  if (keyFault(key) !== undefined) return false;
  if (key.asymmetricKeyType === 'ed25519') return verifies(null, key, signed, signature);
  const first = curves.get(key.asymmetricKeyDetails?.namedCurve) ?? 'sha256';
  const rarer = signed.length > largeContent ? [] : ['sha384', 'sha512'];
  return [...new Set([first, 'sha256', ...rarer])].some((hash) => verifies(hash, key, signed, signature));
}

function verifies(hash: string | null, key: KeyObject, signed: Buffer, signature: Buffer): boolean {
  try {
    return verify(hash, signed, key, signature);
  } catch {
    return false;
  }
}
