import pLimit from 'p-limit';
import { linkDocumentSchema } from '../../core/documents/blob.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { documentsOf } from '../../core/documents/pages.ts';
import { sumOfBytes } from '../../core/documents/references.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { PolicyPorts } from './ports.ts';

const blobsAtOnce = 16;
const pageSize = 50;

const nameOf = (repository: string, digest: Digest): string => `${repository}@${digest}`;

/**
 * Returns for each manifest the bytes of Blob Storage that are freed when all of them are purged, by
 * `repository@digest`: its own where they are stored there, and those of its blobs that no other manifest needs in any
 * repository of the registry, neither live nor recycled. Other registries of the deployment are not considered. Bytes
 * that two of them share count with the first.
 */
export async function bytesFreed(
  ports: PolicyPorts,
  going: readonly ManifestDocument[],
): Promise<ReadonlyMap<string, number>> {
  const names = new Set(going.map(({ repository, digest }) => nameOf(repository, digest)));
  const firstWith = new Map<Digest, string>();
  const freed = new Map<string, number>();
  for (const manifest of going) {
    const by = nameOf(manifest.repository, manifest.digest);
    freed.set(by, 'blob' in manifest.content ? manifest.size : 0);
    for (const { role, digest } of manifest.references)
      if (role !== 'manifest' && !firstWith.has(digest)) firstWith.set(digest, by);
  }
  const limit = pLimit(blobsAtOnce);
  const registry = going[0]?.registry;
  await Promise.all(
    [...firstWith].map(([digest, by]) =>
      limit(async () => {
        const size =
          registry === undefined
            ? 0
            : await sizeFreed(ports, registry, digest, names).catch((error: unknown) =>
                unknownSize(ports, digest, error),
              );
        freed.set(by, sumOfBytes([freed.get(by) ?? 0, size]));
      }),
    ),
  );
  return freed;
}

/** Logs a blob that cannot be read. Nothing can be promised for it, and it does not prevent the plan. */
function unknownSize({ log }: PolicyPorts, digest: Digest, error: unknown): number {
  if (error instanceof StoreFailure) throw error;
  log.error(
    { err: error, digest },
    'it is not known how many bytes a blob would free, because its document cannot be read',
  );
  return 0;
}

/**
 * Returns the size of a blob as it is stored, whatever manifests claim, if all manifests that need it are removed. A
 * blob without a link has no bytes here: the empty JSON object is stored nowhere.
 */
async function sizeFreed(
  ports: PolicyPorts,
  registry: RegistryName,
  digest: Digest,
  going: ReadonlySet<string>,
): Promise<number> {
  let stored = 0;
  for await (const link of documentsOf(ports.documents, {
    container: 'blobs',
    partition: [digest],
    where: [
      { path: 'type', is: '=', value: 'link' },
      { path: 'registry', is: '=', value: registry },
    ],
    limit: pageSize,
  })) {
    const { repository, size } = parseStored(linkDocumentSchema, link, { container: 'blobs' }).document;
    stored = size;
    if (await isNeededBeside(ports, { registry, repository }, digest, going)) return 0;
  }
  return stored;
}

async function isNeededBeside(
  ports: PolicyPorts,
  key: RepositoryKey,
  blob: Digest,
  going: ReadonlySet<string>,
): Promise<boolean> {
  for await (const { document } of documentsOf(ports.documents, {
    container: 'repositories',
    partition: partitionOf(key),
    where: [{ path: 'references', is: 'contains', value: { digest: blob } }],
    limit: pageSize,
  })) {
    if (!going.has(nameOf(key.repository, document.digest as Digest))) return true;
  }
  return false;
}
