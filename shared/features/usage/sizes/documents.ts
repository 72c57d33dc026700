import { z } from 'zod';
import { registrySchema, repositorySchema } from '../../../core/documents/names.ts';
import { documentShape } from '../../../core/documents/stored.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { DocumentRef } from '../../../core/ports/documents.ts';

const bytes = z.int().nonnegative();

/** Bytes of Blob Storage, in which every copy in every region counts. */
const heldShape = {
  /** The bytes that one repository alone may read: deleting it frees them. */
  uniqueBytes: bytes,
  /** The bytes that several repositories may read. Each of them counts them in full, their registry once. */
  sharedBytes: bytes,
  /**
   * The bytes that manifests in the recycle bin need, and no other. For a repository, they are part of its unique
   * bytes.
   */
  recycledBytes: bytes,
  /**
   * The bytes that no manifest needs: pushed without one, or left by a deletion, until they are collected. For a
   * repository, they are part of its unique bytes.
   */
  unneededBytes: bytes,
};

/** The sizes of a repository, as the last survey found them. */
export const repositorySizesSchema = z.object({
  ...documentShape('usage-sizes'),
  registry: registrySchema,
  repository: repositorySchema,
  ...heldShape,
  /** The sums of the first two and of the last two: lists are in their order. */
  heldBytes: bytes,
  wasteBytes: bytes,
  /** The number of its tags; absent from the surveys of an older version. */
  tags: bytes.optional(),
  measuredAt: z.iso.datetime(),
});
export type RepositorySizes = z.infer<typeof repositorySizesSchema>;
export type Held = Pick<RepositorySizes, keyof typeof heldShape>;

const sampleSchema = z.object({ at: z.iso.datetime(), bytes });
export type SizeSample = z.infer<typeof sampleSchema>;

/** The sizes of a registry. Unique, shared and unlinked bytes together are all that is stored. */
export const surveySchema = z.object({
  ...documentShape('usage-survey'),
  registry: registrySchema,
  ...heldShape,
  /** The bytes that no repository may read any more, until they are collected. */
  unlinkedBytes: bytes,
  storedBytes: bytes,
  /** The numbers of all tags and manifests; absent from the surveys of an older version. */
  counts: z.object({ tags: z.int().nonnegative(), manifests: z.int().nonnegative() }).optional(),
  /** The bytes of images that were pulled in the last so many days. */
  pulled: z.array(z.object({ days: z.int(), bytes })),
  measuredAt: z.iso.datetime(),
  /** The stored bytes at each survey of the last month, oldest first. */
  samples: z.array(sampleSchema),
  /** The threshold of the quota that the last warning was for, in percent; absent before there was one. */
  warnedPercent: z.int().optional(),
});
export type Survey = z.infer<typeof surveySchema>;

export const sizesId = 'sizes';

export function surveyRef(registry: RegistryName): DocumentRef {
  return { container: 'registries', partition: [registry], id: 'usage-survey' };
}
