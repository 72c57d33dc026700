import { z } from 'zod';
import { digestSchema } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Lister } from '../ports/bin.ts';
import type { Predicate, QueryDocuments, VersionedDocument } from '../ports/documents.ts';
import type { ManifestDocument } from './manifest.ts';
import { manifestDocumentSchema } from './manifest.ts';
import type { RepositoryKey } from './names.ts';
import { partitionOf } from './names.ts';
import { documentsOf, firstOf, storedOf } from './pages.ts';

interface Reader {
  readonly documents: QueryDocuments;
}

/**
 * Says whether a manifest of the repository needs a blob. One query finds live and binned ones: asked for one after the
 * other, a manifest that moves in between would be missed by both.
 */
export async function isNeeded(ports: Reader, key: RepositoryKey, digest: Digest): Promise<boolean> {
  return (await firstWhere(ports, key, [listing(digest)])) !== undefined;
}

/** Finds one of the manifests that need a blob, as `isNeeded` finds them. */
export async function listerOf(ports: Reader, key: RepositoryKey, blob: Digest): Promise<Lister | undefined> {
  const found = await firstWhere(ports, key, [listing(blob)]);
  if (found === undefined) return undefined;
  const { digest, type } = listerSchema.parse(found.document);
  return { digest, where: type === 'binned' ? 'bin' : 'live' };
}

const listerSchema = z.object({ digest: digestSchema, type: z.enum(['manifest', 'binned']) });

/** Matches the manifests that list a digest. */
export function listing(digest: Digest): Predicate {
  return { path: 'references', is: 'contains', value: { digest } };
}

/** Finds the live manifests that list a digest, up to `most`. Throws `StoreFailure`. */
export async function listersAmong(
  { documents }: Reader,
  key: RepositoryKey,
  digest: Digest,
  most: number,
): Promise<ManifestDocument[]> {
  const query = {
    container: 'repositories' as const,
    partition: partitionOf(key),
    where: [{ path: 'type', is: '=' as const, value: 'manifest' }, listing(digest)],
    limit: most,
  };
  return (await firstOf(most, storedOf(documents, query, manifestDocumentSchema))).map(({ document }) => document);
}

/** Finds one document of a repository that matches. */
export async function firstWhere(
  { documents }: Reader,
  key: RepositoryKey,
  where: readonly Predicate[],
): Promise<VersionedDocument | undefined> {
  const [found] = await firstOf(
    1,
    documentsOf(documents, { container: 'repositories', partition: partitionOf(key), where, limit: 1 }),
  );
  return found;
}
