import { createHash } from 'node:crypto';
import { RegistryError } from '../oci/faults.ts';
import type { SealingKeys } from './ports.ts';

/** The key of the configuration, known by a name that gives nothing of it away. Without one nothing is sealed, and whoever wants it is told which setting is missing. */
export function configuredKeys(secret: Uint8Array | undefined): SealingKeys {
  const id = secret === undefined ? undefined : `configured:${createHash('sha256').update('longshore: a key\'s name').update(secret).digest('base64url').slice(0, 16)}`;
  const missing = 'webhooks need a key that seals their secrets: set LONGSHORE_SECRET_KEY, 32 bytes or more in base64, on every instance';
  return {
    current: () => (secret === undefined || id === undefined ? Promise.reject(new RegistryError({ is: 'conflict', why: missing })) : Promise.resolve({ id, secret })),
    byId: (wanted) => Promise.resolve(wanted === id ? secret : undefined),
  };
}
