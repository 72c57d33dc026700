import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';

/** AES-256-GCM; all in base64. */
export const sealedSchema = z.object({ iv: z.base64(), tag: z.base64(), bytes: z.base64() });
export type Sealed = z.infer<typeof sealedSchema>;

/** What a secret may seal many kinds of: each gets a key of its own, derived by this label. */
export type SealedPurpose = 'private keys of the ring' | 'webhooks';

export interface SealKey {
  readonly secret: Uint8Array;
  readonly purpose: SealedPurpose;
}

/** Encrypts for whoever has the secret. `context` is bound to it: bytes that were moved to another place do not open. */
export function seal(bytes: Uint8Array, key: SealKey, context: string): Sealed {
  // Twelve random bytes do not repeat under one key before billions of them.
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', sealingKey(key), iv).setAAD(Buffer.from(context));
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return { iv: iv.toString('base64'), tag: cipher.getAuthTag().toString('base64'), bytes: sealed.toString('base64') };
}

/** `undefined` when it was sealed under another secret or context, or was changed. */
export function open(sealed: Sealed, key: SealKey, context: string): Uint8Array | undefined {
  const [iv, tag] = [Buffer.from(sealed.iv, 'base64'), Buffer.from(sealed.tag, 'base64')];
  if (iv.length !== 12 || tag.length !== 16) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(key), iv, { authTagLength: 16 }).setAAD(Buffer.from(context)).setAuthTag(tag);
  const opened = decipher.update(Buffer.from(sealed.bytes, 'base64'));
  try {
    return Buffer.concat([opened, decipher.final()]);
  } catch {
    // The tag does not fit: the one thing that final() fails for here.
    return undefined;
  }
}

/** Deriving costs more than opening something small does; keys go with the secrets that they are derived from. */
const derived = new WeakMap<Uint8Array, Map<SealedPurpose, KeyObject>>();

function sealingKey({ secret, purpose }: SealKey): KeyObject {
  const known = derived.get(secret) ?? new Map<SealedPurpose, KeyObject>();
  derived.set(secret, known);
  const key = known.get(purpose) ?? createSecretKey(new Uint8Array(hkdfSync('sha256', secret, '', `longshore: ${purpose}`, 32)));
  known.set(purpose, key);
  return key;
}
