import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { childrenOf, manifestDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { documentsOf } from '../../core/documents/pages.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isIndexMediaType, manifestMediaTypes } from '../../core/oci/media-types.ts';
import type { Predicate, QueryDocuments } from '../../core/ports/documents.ts';

interface Reader {
  readonly documents: QueryDocuments;
}

/**
 * Returns those of several manifests that nothing names: no tag points at them, no index lists them, and they refer to
 * none. It costs two queries.
 */
export async function unnamedAmong(
  ports: Reader,
  key: RepositoryKey,
  manifests: readonly Pick<ManifestDocument, 'digest' | 'subject'>[],
): Promise<ReadonlySet<Digest>> {
  const candidates = manifests.filter(({ subject }) => subject === undefined).map(({ digest }) => digest);
  if (candidates.length === 0) return new Set();
  const [tagged, listed] = await Promise.all([
    taggedAmong(ports, key, candidates),
    listedAmong(ports, key, candidates),
  ]);
  return new Set(candidates.filter((digest) => !tagged.has(digest) && !listed.has(digest)));
}

async function taggedAmong(ports: Reader, key: RepositoryKey, digests: readonly Digest[]): Promise<Set<string>> {
  const found = new Set<string>();
  const where: Predicate[] = [
    { path: 'type', is: '=', value: 'tag' },
    { path: 'digest', is: 'in', values: digests },
  ];
  for await (const { document } of documentsOf(ports.documents, queryOf(key, where)))
    found.add(String(document.digest));
  return found;
}

async function listedAmong(ports: Reader, key: RepositoryKey, digests: readonly Digest[]): Promise<Set<Digest>> {
  const found = new Set<Digest>();
  const where: Predicate[] = [
    { path: 'type', is: '=', value: 'manifest' },
    { path: 'mediaType', is: 'in', values: manifestMediaTypes.filter(isIndexMediaType) },
    { is: 'either', of: digests.map((digest) => [{ path: 'references', is: 'contains', value: { digest } }]) },
  ];
  for await (const { document } of documentsOf(ports.documents, queryOf(key, where))) {
    const references = manifestDocumentSchema.shape.references.safeParse(document.references);
    if (references.success) for (const child of childrenOf({ references: references.data })) found.add(child);
  }
  return found;
}

function queryOf(key: RepositoryKey, where: readonly Predicate[]) {
  return { container: 'repositories' as const, partition: partitionOf(key), where, limit: 1_000 };
}
