import type { Digest } from './digest.ts';
import { parseDigest } from './digest.ts';
import { RegistryError } from './faults.ts';

/** Parses a digest that a request names. Throws `RegistryError` (`digest-invalid`). */
export function digestIn(text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined)
    throw new RegistryError({
      is: 'digest-invalid',
      why:
        `"${text.slice(0, 200)}" is not a digest: it must be sha256: with 64 or sha512: with 128 ` +
        'lower-case hexadecimal digits',
    });
  return digest;
}
