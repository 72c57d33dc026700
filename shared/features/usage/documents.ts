import { z } from 'zod';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf, registrySchema, repositorySchema } from '../../core/documents/names.ts';
import { documentShape } from '../../core/documents/stored.ts';
import { digestSchema } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { DocumentRef } from '../../core/ports/documents.ts';
import { countSchema, countsSchema } from './counts.ts';

const inRepository = { registry: registrySchema, repository: repositorySchema };

/**
 * The content of a repository, and how often it was pushed to and pulled from. For a registry as a whole, its pushes
 * and pulls alone.
 */
export const totalSchema = z.object({
  ...documentShape('usage-total'),
  registry: registrySchema,
  repository: z.string(),
  ...countsSchema.shape,
  /** The number of manifests, in which indexes and their children each count as one. */
  images: countSchema,
  /** The bytes of the manifests, and of their blobs that are stored, each blob once. */
  bytes: countSchema,
  /**
   * True when blobs are counted by what is stored of them. Absent in documents of an older version, which counted what
   * manifests claim.
   */
  measured: z.boolean().optional(),
  /** The last times; lists are in their order. Absent until the first pull or push since they are kept here. */
  lastPush: z.iso.datetime().optional(),
  lastPull: z.iso.datetime().optional(),
});
export type UsageTotal = z.infer<typeof totalSchema>;

/** One manifest as it was last counted. `counted` of its `blobs`, from the front, are in the totals. */
export const imageSchema = z.object({
  ...documentShape('usage-image'),
  ...inRepository,
  digest: digestSchema,
  size: z.int().nonnegative(),
  present: z.boolean(),
  blobs: z.array(z.object({ digest: digestSchema, size: z.int().nonnegative() })),
  counted: z.int().nonnegative(),
});
export type UsageImage = z.infer<typeof imageSchema>;

/** One blob and how many counted images of the repository reference it. */
export const blobSchema = z.object({
  ...documentShape('usage-blob'),
  ...inRepository,
  digest: digestSchema,
  size: z.int().nonnegative(),
  images: z.int().positive(),
});

export const totalId = 'total';
export const imageId = (digest: Digest): string => `image:${digest}`;
export const blobId = (digest: Digest): string => `blob:${digest}`;

export function usageRef(key: RepositoryKey, id: string): DocumentRef {
  return { container: 'usage', partition: partitionOf(key), id };
}
