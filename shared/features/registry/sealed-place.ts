import { openText, sealingKeyFor, sealText } from '../../core/secrets/sealed-text.ts';

/** No repository's name begins so, and clients need not encode it. */
const mark = '~';

/**
 * A place in the catalog as a client may hold it: the name there may be of a repository that the client must not know
 * of, so it is encrypted. `key` is the upload key, which all instances share.
 */
export function sealPlace(name: string, key: Uint8Array): string {
  return mark + sealText(name, placeKey(key));
}

/** What was sealed; any other text stands for itself. `undefined` when it was sealed by another key, or changed. */
export function openPlace(text: string, key: Uint8Array): string | undefined {
  return text.startsWith(mark) ? openText(text.slice(mark.length), placeKey(key)) : text;
}

function placeKey(key: Uint8Array): Uint8Array {
  return sealingKeyFor('place in the catalog', key);
}
