import type { KeyObject } from 'node:crypto';
import { createPrivateKey, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { registrySchema } from '../../../core/documents/names.ts';
import { documentShape } from '../../../core/documents/stored.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { DocumentRef } from '../../../core/ports/documents.ts';
import type { SealedPlace } from '../../../core/secrets/sealed.ts';
import { open, seal, sealedSchema } from '../../../core/secrets/sealed.ts';
import type { SealingKey, SealingKeys } from '../../../core/secrets/sealing-keys.ts';

const ringKeySchema = z.object({
  kid: z.string(),
  createdAt: z.iso.datetime(),
  /** The time before which it does not sign: by then every instance has read the ring with this key in it. */
  signsFrom: z.iso.datetime(),
  /** The public key as SubjectPublicKeyInfo, DER in base64. */
  publicKey: z.base64(),
  /** The private key as PKCS #8, sealed. */
  privateKey: sealedSchema,
});
export type RingKey = z.infer<typeof ringKeySchema>;

/**
 * The keys that sign a registry's tokens, oldest first: in one document, so that a change of them is one optimistic
 * write.
 */
export const keyRingSchema = z.object({
  ...documentShape('key-ring'),
  registry: registrySchema,
  keys: z.array(ringKeySchema),
});
export type KeyRingDocument = z.infer<typeof keyRingSchema>;

export const keyRingId = 'key-ring';

export function keyRingRef(registry: RegistryName): DocumentRef {
  return { container: 'registries', partition: [registry], id: keyRingId };
}

const generate = promisify(generateKeyPair);

export interface NewKey {
  readonly registry: RegistryName;
  readonly kid: string;
  readonly createdAt: Date;
  readonly signsFrom: Date;
  readonly sealingKey: SealingKey;
}

/** Makes a fresh RSA key of 2,048 bits, which takes a few tenths of a second of another thread. */
export async function makeRingKey({ registry, kid, createdAt, signsFrom, sealingKey }: NewKey): Promise<RingKey> {
  const { publicKey, privateKey } = await generate('rsa', { modulusLength: 2048 });
  return {
    kid,
    createdAt: createdAt.toISOString(),
    signsFrom: signsFrom.toISOString(),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    privateKey: seal(privateKey.export({ type: 'pkcs8', format: 'der' }), sealingKey, placeOf(registry, kid)),
  };
}

/**
 * Opens a private key; `undefined` when the key that sealed it is gone. Throws `StoreFailure` when that cannot be read.
 */
export async function openPrivateKey(
  key: RingKey,
  registry: RegistryName,
  keys: SealingKeys,
): Promise<KeyObject | undefined> {
  const der = await open(key.privateKey, keys, placeOf(registry, key.kid));
  return der === undefined ? undefined : createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
}

function placeOf(registry: RegistryName, kid: string): SealedPlace {
  return { purpose: 'private keys of the ring', context: `${registry}/${kid}` };
}
