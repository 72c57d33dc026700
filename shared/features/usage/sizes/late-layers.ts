import { oneByOne } from '../../../core/documents/alone.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { RegistryName, RepositoryName } from '../../../core/oci/name.ts';
import type { Documents } from '../../../core/ports/documents.ts';
import { blobSchema } from '../documents.ts';
import { measureBlob } from '../recount.ts';
import type { Content } from './contents.ts';
import type { SurveyReading } from './pages.ts';
import { everyReadable } from './pages.ts';

const pageSize = 1_000;

/**
 * Returns the blobs of images that were not stored when they were counted, such as layers that are stored in another
 * place, with the repositories that count them. Throws `StoreFailure`.
 */
export async function countedAsNothing(
  reading: SurveyReading,
  registry: RegistryName,
): Promise<ReadonlyMap<Digest, readonly RepositoryName[]>> {
  const query = {
    container: 'usage' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=' as const, value: 'usage-blob' },
      { path: 'size', is: '=' as const, value: 0 },
    ],
    limit: pageSize,
  };
  const found = new Map<Digest, RepositoryName[]>();
  for await (const {
    document: { digest, repository },
  } of everyReadable(reading, blobSchema, query))
    found.set(digest, [...(found.get(digest) ?? []), repository]);
  return found;
}

/**
 * Counts such a layer, which somebody has uploaded since without an event. One that cannot be counted is logged, and
 * waits for the next survey.
 */
export async function countLateLayer(
  { documents, log }: SurveyReading & { readonly documents: Documents },
  registry: RegistryName,
  { digest, bytes, holders }: Content,
  nothing: ReadonlyMap<Digest, readonly RepositoryName[]>,
): Promise<void> {
  const late = bytes === 0 ? [] : (nothing.get(digest) ?? []).filter((repository) => holders.has(repository));
  await oneByOne(
    log,
    'counting a layer that was uploaded after its image',
    late,
    (repository) => `${repository}@${digest}`,
    (repository) => measureBlob(documents, { registry, repository }, digest),
  );
}
