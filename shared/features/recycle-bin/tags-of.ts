import type { TagDocument } from '../../core/documents/manifest.ts';
import { tagDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { storedOf } from '../../core/documents/pages.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { QueryDocuments } from '../../core/ports/documents.ts';

interface Reader {
  readonly documents: QueryDocuments;
}

/** Reads the first tags of a manifest; `more` if there may be others. */
export async function firstTagsOf(
  { documents }: Reader,
  key: RepositoryKey,
  digest: Digest,
  limit: number,
): Promise<{ tags: Stored<TagDocument>[]; more: boolean }> {
  const query = queryOf(key, digest, limit);
  const page = await documents.queryDocuments(query);
  return {
    tags: page.documents.map((found) => parseStored(tagDocumentSchema, found, query)),
    more: page.continuation !== undefined,
  };
}

/** Reads all tags of a manifest, of which there may be any number. */
export function everyTagOf(
  { documents }: Reader,
  key: RepositoryKey,
  digest: Digest,
): AsyncGenerator<Stored<TagDocument>> {
  return storedOf(documents, queryOf(key, digest, 1_000), tagDocumentSchema);
}

function queryOf(key: RepositoryKey, digest: Digest, limit: number) {
  const where = [
    { path: 'type', is: '=' as const, value: 'tag' },
    { path: 'digest', is: '=' as const, value: digest },
  ];
  return { container: 'repositories' as const, partition: partitionOf(key), where, limit };
}
