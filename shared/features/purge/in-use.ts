import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { InUse } from './documents.ts';
import { inRegistry, inUseRef, inUseSchema } from './documents.ts';
import type { PolicyPorts } from './ports.ts';

type Pinning = Pick<PolicyPorts, 'documents' | 'clock'>;

/** A source as it is listed: the number of digests that it pins, and the time until which it does. */
export interface InUseSource {
  readonly source: string;
  readonly digests: number;
  readonly expiresAt: string;
  readonly updatedAt: string;
}

/** The most sources of a registry, for each plan reads all of them. Each names up to 10,000 digests. */
export const sourcesAtMost = 100;
const pinsAtMost = 100_000;

/**
 * Pins images for `ttlSeconds`, in place of those that the source pinned before. Throws `RegistryError` (`conflict`) if
 * the registry would have more sources or more pins than it may.
 */
export async function putInUse(
  ports: Pinning,
  registry: RegistryName,
  source: string,
  digests: readonly Digest[],
  ttlSeconds: number,
): Promise<{ readonly source: InUseSource; readonly created: boolean }> {
  const { documents, clock } = ports;
  const now = clock.now();
  const document: InUse = {
    id: inUseRef(registry, source).id,
    type: 'purge-in-use',
    schemaVersion: 1,
    registry,
    source,
    digests: [...new Set(digests)],
    expiresAt: new Date(now.getTime() + ttlSeconds * 1000).toISOString(),
    updatedAt: now.toISOString(),
  };
  const before = await readStored(documents, inUseSchema, inUseRef(registry, source));
  const isNew = before === undefined || before.document.expiresAt <= now.toISOString();
  if (isNew || document.digests.length > before.document.digests.length)
    requireRoom(await listInUse(ports, registry), shown(document));
  await documents.commitDocuments(
    'registries',
    [registry],
    [{ do: 'upsert', document: { ...document, ttl: ttlSeconds } }],
  );
  if (isNew) await deleteWithoutRoom(ports, registry, shown(document));
  return { source: shown(document), created: isNew };
}

/**
 * Refuses a source for which there is no room. One that repeats its pins or has fewer needs none: a cluster must not
 * lose its pins because others have used up the room.
 */
function requireRoom(all: readonly InUseSource[], added: InUseSource): void {
  const others = all.filter(({ source }) => source !== added.source);
  if (others.length >= sourcesAtMost)
    throw new RegistryError({
      is: 'conflict',
      code: 'tooManySources',
      why:
        `${others.length} sources pin images already, and at most ${sourcesAtMost} may: delete one, or ` +
        'wait until one expires',
    });
  const pins = others.reduce((sum, { digests }) => sum + digests, added.digests);
  if (pins > pinsAtMost)
    throw new RegistryError({
      is: 'conflict',
      code: 'tooManyPins',
      why: `all sources together would pin ${pins} digests, and at most ${pinsAtMost} are allowed: pin fewer digests`,
    });
}

export async function listInUse({ documents, clock }: Pinning, registry: RegistryName): Promise<InUseSource[]> {
  const now = clock.now().toISOString();
  return (await inRegistry(documents, registry, 'purge-in-use:', inUseSchema))
    .map(({ document }) => document)
    .filter(({ expiresAt }) => expiresAt > now)
    .map(shown);
}

/** Reads a source; `undefined` if it pins nothing, or its time is over. */
export async function readInUse(
  { documents, clock }: Pinning,
  registry: RegistryName,
  source: string,
): Promise<(InUseSource & { readonly pinned: readonly Digest[] }) | undefined> {
  const found = (await readStored(documents, inUseSchema, inUseRef(registry, source)))?.document;
  if (found === undefined || found.expiresAt <= clock.now().toISOString()) return undefined;
  return { ...shown(found), pinned: found.digests };
}

/** Deletes the pins of a source; `false` if it had none. */
export async function forgetInUse({ documents }: Pinning, registry: RegistryName, source: string): Promise<boolean> {
  return (
    await documents.commitDocuments('registries', [registry], [{ do: 'delete', id: inUseRef(registry, source).id }])
  ).committed;
}

/** Deletes the new source again if there is no room after all: of many that began at once, all have seen room. */
async function deleteWithoutRoom(ports: Pinning, registry: RegistryName, added: InUseSource): Promise<void> {
  try {
    requireRoom(await listInUse(ports, registry), added);
  } catch (error) {
    if (error instanceof RegistryError) await forgetInUse(ports, registry, added.source);
    throw error;
  }
}

function shown({ source, digests, expiresAt, updatedAt }: InUse): InUseSource {
  return { source, digests: digests.length, expiresAt, updatedAt };
}
