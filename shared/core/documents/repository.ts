import { z } from 'zod';
import type { DocumentRef } from '../ports/documents.ts';
import { attributesSchema } from './attributes.ts';
import type { RepositoryKey } from './names.ts';
import { registrySchema, repositorySchema } from './names.ts';
import { documentShape } from './stored.ts';

/**
 * The catalog's entry of one repository. Its content lies in a partition of its own, in another container, so the two
 * are never written together: an entry is made before the first push commits and outlives the last manifest.
 */
export const repositoryDocumentSchema = z.object({
  ...documentShape('repository'),
  registry: registrySchema,
  repository: repositorySchema,
  /** `deleted` marks where a repository was, until it is certain that no push was under way. */
  state: z.enum(['live', 'deleted']),
  /**
   * The id of this life of the name: ids of its events are made of it, so that a crash repeats them and makes no second
   * one.
   */
  generation: z.string(),
  /** True when the event of its creation is recorded. */
  announced: z.boolean(),
  attributes: attributesSchema,
  /** True when each of its tags has its places in the orders of lists: repositories from before are walked through. */
  placed: z.boolean().optional(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type RepositoryDocument = z.infer<typeof repositoryDocumentSchema>;

/**
 * Returns the place of a repository's entry. A slash may not stand in an id, and a colon may not stand in a
 * repository's name.
 */
export function repositoryRef(key: RepositoryKey): DocumentRef {
  return {
    container: 'registries',
    partition: [key.registry],
    id: `repository:${key.repository.replaceAll('/', ':')}`,
  };
}
