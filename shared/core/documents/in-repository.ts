import type { z } from 'zod';
import type { Digest } from '../oci/digest.ts';
import type { Predicate, QueryDocuments } from '../ports/documents.ts';
import type { RepositoryKey } from './names.ts';
import { partitionOf } from './names.ts';
import { allStored } from './pages.ts';
import type { Stored } from './stored.ts';

interface Reader {
  readonly documents: QueryDocuments;
}

/** Reads all documents of a repository that match, each with the state it was read in. Throws as `allStored` does. */
export function storedWhere<T>(
  { documents }: Reader,
  key: RepositoryKey,
  where: readonly Predicate[],
  schema: z.ZodType<T>,
): Promise<Stored<T>[]> {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  return allStored(documents, { container, partition, where, limit: 100 }, schema);
}

/** Reads all documents of a repository that match. Throws as `allStored` does. */
export async function everyOne<T>(
  ports: Reader,
  key: RepositoryKey,
  where: readonly Predicate[],
  schema: z.ZodType<T>,
): Promise<T[]> {
  return (await storedWhere(ports, key, where, schema)).map(({ document }) => document);
}

/** Reads those of several digests that have a document of this type. Throws as `allStored` does. */
export function storedAmong<T>(
  ports: Reader,
  key: RepositoryKey,
  type: string,
  digests: readonly Digest[],
  schema: z.ZodType<T>,
): Promise<Stored<T>[]> {
  return storedWhere(
    ports,
    key,
    [
      { path: 'type', is: '=', value: type },
      { path: 'digest', is: 'in', values: digests },
    ],
    schema,
  );
}
