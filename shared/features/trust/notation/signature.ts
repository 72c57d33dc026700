import { constants, verify } from 'node:crypto';
import type { Chain } from './certificates.ts';
import type { Envelope } from './envelope.ts';
import { escaped, NotationFault } from './fault.ts';
import { algorithmOfKey } from './keys.ts';

/**
 * Verifies an envelope's signature by the first certificate's key. The key decides the algorithm, and the envelope must
 * name the same one: an envelope that could choose would choose "none", or a MAC keyed by the public key.
 */
export function checkSignature({ algorithm, signed, signature }: Envelope, [leaf]: Chain): void {
  const ofKey = algorithmOfKey(leaf.key);
  if (ofKey === undefined)
    throw new NotationFault(
      `The signing key, ${leaf.key.type} of ${leaf.key.bits} bits, is none of those that may sign.`,
    );
  if (algorithm !== ofKey.algorithm)
    throw new NotationFault(
      `The envelope is signed by the algorithm ${escaped(algorithm)}, but its key signs by ${ofKey.algorithm}.`,
    );
  const { key } = leaf.key;
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  const isGood =
    leaf.key.type === 'RSA'
      ? verify(ofKey.hash, signed, { key, padding, saltLength }, signature)
      : verify(ofKey.hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
  if (!isGood) throw new NotationFault('The signature does not fit the signed bytes and the certificate.');
}
