import { randomBytes } from 'node:crypto';
import { defined } from '../../../core/documents/defined.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { SealedPlace } from '../../../core/secrets/sealed.ts';
import { open, seal } from '../../../core/secrets/sealed.ts';
import type { BuildPorts } from '../ports.ts';
import type { Inbound } from './documents.ts';
import { inboundRef, inboundSchema } from './documents.ts';

export type InboundPorts = Pick<BuildPorts, 'documents' | 'registry' | 'sealing' | 'clock'>;

const placeOf = ({ registry }: InboundPorts, of: string): SealedPlace => ({
  purpose: 'inbound notifications',
  context: `${registry}/${of}`,
});

/** Makes a secret in the form of Standard Webhooks that needs no escape in the query of a URL. */
function newSecret(): string {
  for (;;) {
    const text = randomBytes(33).toString('base64');
    if (!/[+/]/.test(text)) return `whsec_${text}`;
  }
}

/**
 * Stores a secret, or generates one, in place of the one before. Returns it: it is not shown again. Throws
 * `RegistryError` (`conflict`) if there is no sealing key.
 */
export async function putInboundSecret(ports: InboundPorts, of: string, given?: string): Promise<string> {
  return writeInbound(ports, of, { given });
}

/** Stores a secret like `putInboundSecret`, with the root from which other secrets of the same owner are derived. */
export async function writeInbound(
  ports: InboundPorts,
  of: string,
  { given, root }: { readonly given?: string | undefined; readonly root?: Uint8Array },
): Promise<string> {
  const { documents, registry, sealing, clock } = ports;
  if (!sealing.configured)
    throw new RegistryError({
      is: 'conflict',
      code: 'sealingKeyMissing',
      why:
        'a secret needs a key that seals it: set LONGSHORE_SECRET_KEY, 32 bytes or more in base64, on ' +
        'every instance, or LONGSHORE_KEY_VAULT',
    });
  const secret = given ?? newSecret();
  const ref = inboundRef(registry, of);
  const key = await sealing.current();
  const others = defined({ root: root === undefined ? undefined : seal(root, key, placeOf(ports, `${of}/root`)) });
  const document: Inbound = {
    id: ref.id,
    type: 'inbound',
    schemaVersion: 1,
    registry,
    of,
    sealed: seal(Buffer.from(secret), key, placeOf(ports, of)),
    ...others,
    createdAt: clock.now().toISOString(),
  };
  await documents.commitDocuments(ref.container, ref.partition, [{ do: 'upsert', document: { ...document } }]);
  return secret;
}

/** Reads a secret; `undefined` if there is none, or the key that sealed it is gone. Throws `StoreFailure`. */
export async function readInboundSecret(ports: InboundPorts, of: string): Promise<string | undefined> {
  const found = await readStored(ports.documents, inboundSchema, inboundRef(ports.registry, of));
  const bytes = found === undefined ? undefined : await open(found.document.sealed, ports.sealing, placeOf(ports, of));
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

/** Deletes a secret; `false` if there was none. */
export async function deleteInboundSecret({ documents, registry }: InboundPorts, of: string): Promise<boolean> {
  const { container, partition, id } = inboundRef(registry, of);
  return (await documents.commitDocuments(container, partition, [{ do: 'delete', id }])).committed;
}

/** Reads the owner of a secret and the time of its creation, without the secret; `undefined` if there is none. */
export async function inboundOf(
  { documents, registry }: InboundPorts,
  of: string,
): Promise<Pick<Inbound, 'of' | 'createdAt'> | undefined> {
  return (await readStored(documents, inboundSchema, inboundRef(registry, of)))?.document;
}
