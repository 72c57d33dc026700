import type { KeyObject } from 'node:crypto';
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { SealingKey, SealingKeys } from './sealing-keys.ts';

/**
 * Sealed bytes: AES-256-GCM, with iv, tag and bytes in base64. `key` names the key that sealed them; it is absent in
 * bytes that were sealed before keys had names.
 */
export const sealedSchema = z.object({
  key: z.string().optional(),
  iv: z.base64(),
  tag: z.base64(),
  bytes: z.base64(),
});
export type Sealed = z.infer<typeof sealedSchema>;

/** The purpose and the place of sealed bytes. Both are bound to them: bytes that were moved elsewhere do not open. */
export interface SealedPlace {
  readonly purpose:
    | 'private keys of the ring'
    | 'keys of statements'
    | 'webhooks'
    | 'scanners'
    | 'inbound notifications'
    | 'sessions'
    | 'sign-in';
  readonly context: string;
}

/** Encrypts bytes for those who have the key. */
export function seal(bytes: Uint8Array, key: SealingKey, { purpose, context }: SealedPlace): Sealed {
  // Twelve random bytes do not repeat under one key for the few things that it seals.
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', derived(key, purpose), iv).setAAD(Buffer.from(context));
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return {
    key: key.id,
    iv: iv.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    bytes: sealed.toString('base64'),
  };
}

/**
 * Opens sealed bytes; `undefined` when their key is gone, they were sealed for another place, or they were changed.
 * Throws `StoreFailure` when the key cannot be read.
 */
export async function open(
  sealed: Sealed,
  keys: Pick<SealingKeys, 'find'>,
  { purpose, context }: SealedPlace,
): Promise<Uint8Array | undefined> {
  const [iv, tag] = [Buffer.from(sealed.iv, 'base64'), Buffer.from(sealed.tag, 'base64')];
  if (iv.length !== 12 || tag.length !== 16) return undefined;
  const key = await keys.find(sealed.key);
  if (key === undefined) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', derived(key, purpose), iv, { authTagLength: 16 })
    .setAAD(Buffer.from(context))
    .setAuthTag(tag);
  const opened = decipher.update(Buffer.from(sealed.bytes, 'base64'));
  try {
    return Buffer.concat([opened, decipher.final()]);
  } catch {
    // The tag does not fit: final() fails for nothing else here.
    return undefined;
  }
}

/**
 * Derived keys are kept because deriving costs more than opening something small does; they go with the key that they
 * are derived from.
 */
const known = new WeakMap<Uint8Array, Map<SealedPlace['purpose'], KeyObject>>();

function derived({ bytes }: SealingKey, purpose: SealedPlace['purpose']): KeyObject {
  const byPurpose = known.get(bytes) ?? new Map<SealedPlace['purpose'], KeyObject>();
  known.set(bytes, byPurpose);
  const key =
    byPurpose.get(purpose) ??
    createSecretKey(new Uint8Array(hkdfSync('sha256', bytes, '', `longshore: ${purpose}`, 32)));
  byPurpose.set(purpose, key);
  return key;
}
