import { openText, sealingKeyFor, sealText } from '../../core/secrets/sealed-text.ts';

/** Marks an encrypted position: no repository's name begins with it, and clients need not encode it. */
const mark = '~';

/**
 * Encrypts a position in the catalog for a client, for the name there may be of a repository that the client must not
 * know of. `key` is the upload key, which all instances share.
 */
export function sealPlace(name: string, key: Uint8Array): string {
  return mark + sealText(name, placeKey(key));
}

/**
 * Decrypts a position; any other text stands for itself. `undefined` if it was encrypted with another key, or changed.
 */
export function openPlace(text: string, key: Uint8Array): string | undefined {
  return text.startsWith(mark) ? openText(text.slice(mark.length), placeKey(key)) : text;
}

function placeKey(key: Uint8Array): Uint8Array {
  return sealingKeyFor('place in the catalog', key);
}
