import { z } from 'zod';
import type { RegistryName, RepositoryKey, RepositoryName, Tag } from '../oci/name.ts';
import { isRegistryName, isRepositoryName, isTag } from '../oci/name.ts';

export type { RepositoryKey };

export const registrySchema = z.custom<RegistryName>(
  (value) => typeof value === 'string' && isRegistryName(value),
  'is not a registry name',
);
/** The registry of a deployment that names none. */
export const unnamedRegistry = 'default' as RegistryName;
export const repositorySchema = z.custom<RepositoryName>(
  (value) => typeof value === 'string' && isRepositoryName(value),
  'is not a repository name',
);
export const tagSchema = z.custom<Tag>((value) => typeof value === 'string' && isTag(value), 'is not a tag');

/** Returns the partition of a repository. Its documents share one, so that a push is one transaction. */
export function partitionOf(key: RepositoryKey): readonly [string, string] {
  return [key.registry, key.repository];
}
