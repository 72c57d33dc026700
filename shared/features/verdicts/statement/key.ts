import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { z } from 'zod';
import { collection } from '../../../core/documents/collection.ts';
import { registrySchema } from '../../../core/documents/names.ts';
import { documentShape } from '../../../core/documents/stored.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { CommitDocuments, Documents } from '../../../core/ports/documents.ts';
import { StoreFailure } from '../../../core/ports/failures.ts';
import { open, seal, sealedSchema } from '../../../core/secrets/sealed.ts';
import type { SealingKeys } from '../../../core/secrets/sealing-keys.ts';

/**
 * The key that signs a registry's statements. It is none of those that sign tokens: those go some months later, and with
 * them every statement would become worthless; and a signature of one kind can never be taken for the other.
 */
const keySchema = z.object({
  ...documentShape('statement-key'),
  registry: registrySchema,
  createdAt: z.iso.datetime(),
  /** The public key as SubjectPublicKeyInfo, DER in base64. */
  publicKey: z.base64(),
  /** The private key as PKCS #8, sealed. */
  privateKey: sealedSchema,
});
type StatementKeyDocument = z.infer<typeof keySchema>;

const statementKeys = collection({
  container: 'registries',
  schema: keySchema,
  place: ({ registry }: { readonly registry: RegistryName }) => ({ partition: [registry], id: 'statement-key' }),
});

export interface StatementKeyPorts {
  readonly documents: Documents & CommitDocuments;
  readonly registry: RegistryName;
  readonly sealing: SealingKeys;
  readonly clock: Clock;
}

export interface StatementKey {
  /** The SHA-256 of the public key's DER, in hex, as cosign names keys. */
  readonly id: string;
  readonly createdAt: string;
  readonly pem: string;
  readonly key: KeyObject;
}

/**
 * Returns the key; the first call makes it, on the P-256 curve that every tool of sigstore reads. Of two that make one at
 * once the first counts. Throws `StoreFailure`, also where there is no sealing key, or the one that sealed it is gone.
 */
export async function statementKey(ports: StatementKeyPorts): Promise<StatementKey> {
  const { documents, registry, sealing } = ports;
  const found = (await statementKeys.find(documents, { registry }))?.document ?? (await makeKey(ports));
  const der = await open(found.privateKey, sealing, placeOf(registry));
  if (der === undefined)
    throw new StoreFailure({
      dependency: 'secrets',
      kind: 'unavailable',
      message: 'the key that sealed the key of statements is gone: configure it again',
    });
  const publicKey = createPublicKey({ key: Buffer.from(found.publicKey, 'base64'), format: 'der', type: 'spki' });
  return {
    id: createHash('sha256').update(Buffer.from(found.publicKey, 'base64')).digest('hex'),
    createdAt: found.createdAt,
    pem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    key: createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }),
  };
}

async function makeKey({ documents, registry, sealing, clock }: StatementKeyPorts): Promise<StatementKeyDocument> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const document: StatementKeyDocument = {
    id: statementKeys.ref({ registry }).id,
    type: 'statement-key',
    schemaVersion: 1,
    registry,
    createdAt: clock.now().toISOString(),
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    privateKey: seal(privateKey.export({ format: 'der', type: 'pkcs8' }), await sealing.current(), placeOf(registry)),
  };
  await documents.commitDocuments('registries', [registry], [{ do: 'create', document: { ...document } }]);
  // It is read again, because another instance may have been faster, and a lost answer may hide that this one was.
  const stored = await statementKeys.find(documents, { registry });
  if (stored === undefined)
    throw new StoreFailure({
      dependency: 'documents',
      kind: 'unavailable',
      message: 'the key of statements is not there',
    });
  return stored.document;
}

function placeOf(registry: RegistryName) {
  return { purpose: 'keys of statements', context: registry } as const;
}
