import { z } from 'zod';
import type { RegistryName, RepositoryName, Tag } from '../oci/name.ts';
import { isRegistryName, isRepositoryName, isTag } from '../oci/name.ts';

/** One repository of one registry: the partition that a push is a transaction in. */
export interface RepositoryKey {
  readonly registry: RegistryName;
  readonly repository: RepositoryName;
}

export const registrySchema = z.custom<RegistryName>(
  (value) => typeof value === 'string' && isRegistryName(value),
  'is not a registry name',
);
export const repositorySchema = z.custom<RepositoryName>(
  (value) => typeof value === 'string' && isRepositoryName(value),
  'is not a repository name',
);
export const tagSchema = z.custom<Tag>((value) => typeof value === 'string' && isTag(value), 'is not a tag');

export function partitionOf(key: RepositoryKey): readonly [string, string] {
  return [key.registry, key.repository];
}
