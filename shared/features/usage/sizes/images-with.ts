import { firstOf, storedOf } from '../../../core/documents/pages.ts';
import { sumOfBytes } from '../../../core/documents/references.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { QueryDocuments } from '../../../core/ports/documents.ts';
import type { MeasureImages } from '../../../core/ports/image-views.ts';
import { blobSchema } from '../documents.ts';

/** The counters that are read: one for each repository that has a blob. */
const mostCounters = 1_000;

/**
 * Counts the images of a registry that need each blob, by the counters of its repositories. It is one query, answered
 * by the index. Throws `StoreFailure`.
 */
export async function imagesWith(
  documents: QueryDocuments,
  registry: RegistryName,
  blobs: readonly Digest[],
): ReturnType<MeasureImages['countImagesWith']> {
  const query = {
    container: 'usage' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=' as const, value: 'usage-blob' },
      { path: 'digest', is: 'in' as const, values: blobs },
    ],
    limit: mostCounters,
  };
  const found = await firstOf(mostCounters, storedOf(documents, query, blobSchema));
  // Nobody knows which counters were not read, so every number may be too small then.
  const isAtLeast = found.length === mostCounters;
  const byBlob = Map.groupBy(
    found.map(({ document }) => document),
    ({ digest }) => digest,
  );
  return new Map(
    [...byBlob].map(([digest, all]) => [digest, { images: sumOfBytes(all.map(({ images }) => images)), isAtLeast }]),
  );
}
