import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const [nonceBytes, tagBytes] = [12, 16];
const noContext = Buffer.alloc(0);

/** Derives a key for one purpose from the upload key, which all instances share. */
export function sealingKeyFor(purpose: string, key: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', purpose, 32));
}

/**
 * Encrypts a text that a client holds and must neither read nor change (AES-256-GCM, base64url); it opens with the same
 * `context` alone.
 */
export function sealText(text: string, secret: Uint8Array, context: Uint8Array = noContext): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(context);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** Opens what `sealText` made; `undefined` when another key or context sealed it, or it was changed or made up. */
export function openText(sealed: string, secret: Uint8Array, context: Uint8Array = noContext): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  }).setAAD(context);
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  try {
    return decipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    // The only thing that `final` can refuse is the authentication tag.
    return undefined;
  }
}
