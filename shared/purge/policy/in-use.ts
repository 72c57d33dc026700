import type { Digest } from '../../oci/digest.ts';
import type { RegistryName } from '../../oci/name.ts';
import { inRegistry, inUseRef, inUseSchema } from './documents.ts';
import type { InUse } from './documents.ts';
import type { PolicyPorts } from './ports.ts';

type Pinning = Pick<PolicyPorts, 'documents' | 'clock'>;

/** A source as it is listed: how many digests it pins, and until when. */
export interface InUseSource {
  readonly source: string;
  readonly digests: number;
  readonly expiresAt: string;
  readonly updatedAt: string;
}

/** Pins images for `ttlSeconds`; what the source said before is replaced. */
export async function putInUse({ documents, clock }: Pinning, registry: RegistryName, source: string, digests: readonly Digest[], ttlSeconds: number): Promise<InUseSource> {
  const now = clock.now();
  const document: InUse = { id: inUseRef(registry, source).id, type: 'purge-in-use', schemaVersion: 1, registry, source, digests: [...new Set(digests)], expiresAt: new Date(now.getTime() + ttlSeconds * 1000).toISOString(), updatedAt: now.toISOString() };
  await documents.commitDocuments('registries', [registry], [{ do: 'upsert', document: { ...document, ttl: ttlSeconds } }]);
  return shown(document);
}

export async function listInUse({ documents, clock }: Pinning, registry: RegistryName): Promise<InUseSource[]> {
  const now = clock.now().toISOString();
  return (await inRegistry(documents, registry, 'purge-in-use:', inUseSchema)).map(({ document }) => document).filter(({ expiresAt }) => expiresAt > now).map(shown);
}

/** `false` when it had said nothing. */
export async function forgetInUse({ documents }: Pinning, registry: RegistryName, source: string): Promise<boolean> {
  return (await documents.commitDocuments('registries', [registry], [{ do: 'delete', id: inUseRef(registry, source).id }])).committed;
}

function shown({ source, digests, expiresAt, updatedAt }: InUse): InUseSource {
  return { source, digests: digests.length, expiresAt, updatedAt };
}
