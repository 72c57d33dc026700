import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** No repository's name begins so, and clients need not encode it. */
const mark = '~';
const [nonceBytes, tagBytes] = [12, 16];

/**
 * A place in the catalog as a client may hold it: the name there may be of a repository that the client must not know of, so it
 * is encrypted. `key` is the upload key, which all instances share; AES-256-GCM with a key derived from it.
 */
export function sealPlace(name: string, key: Uint8Array): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', placeKey(key), nonce);
  const sealed = Buffer.concat([cipher.update(name, 'utf8'), cipher.final()]);
  return mark + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** What was sealed; any other text stands for itself. `undefined` when it was sealed by another key, or changed. */
export function openPlace(text: string, key: Uint8Array): string | undefined {
  if (!text.startsWith(mark)) return text;
  const bytes = Buffer.from(text.slice(mark.length), 'base64url');
  if (bytes.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', placeKey(key), bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  try {
    return decipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    // The only thing that `final` can refuse is the authentication tag.
    return undefined;
  }
}

function placeKey(key: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', 'place in the catalog', 32));
}
