import { z } from 'zod';
import { registrySchema, repositorySchema } from '../../../core/documents/names.ts';
import { documentShape } from '../../../core/documents/stored.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import type { DocumentRef } from '../../../core/ports/documents.ts';

const bytes = z.int().nonnegative();

/** Of Blob Storage, in bytes: every copy in every region counts. */
const heldShape = {
  /** Of what one repository alone may read: deleting it frees them. */
  uniqueBytes: bytes,
  /** Of what several may read. Each of them has them in full, their registry once. */
  sharedBytes: bytes,
  /** Of what manifests in the recycle bin need, and no other. Of a repository: of its unique bytes. */
  recycledBytes: bytes,
  /**
   * Of what no manifest needs: pushed without one, or left by a deletion, until it is collected. Of a repository: of
   * its unique bytes.
   */
  unneededBytes: bytes,
};

/** What a repository holds, as the last survey found it. */
export const repositorySizesSchema = z.object({
  ...documentShape('usage-sizes'),
  registry: registrySchema,
  repository: repositorySchema,
  ...heldShape,
  /** The first two and the last two together: lists are in their order. */
  heldBytes: bytes,
  wasteBytes: bytes,
  measuredAt: z.iso.datetime(),
});
export type RepositorySizes = z.infer<typeof repositorySizesSchema>;
export type Held = Pick<RepositorySizes, keyof typeof heldShape>;

const sampleSchema = z.object({ at: z.iso.datetime(), bytes });
export type SizeSample = z.infer<typeof sampleSchema>;

/** What a registry holds. Unique, shared and unlinked bytes together are all that is stored. */
export const surveySchema = z.object({
  ...documentShape('usage-survey'),
  registry: registrySchema,
  ...heldShape,
  /** Of what no repository may read any more, until it is collected. */
  unlinkedBytes: bytes,
  storedBytes: bytes,
  /** Of images that were pulled in the last so many days. */
  pulled: z.array(z.object({ days: z.int(), bytes })),
  measuredAt: z.iso.datetime(),
  /** What was stored at each survey of the last month, oldest first. */
  samples: z.array(sampleSchema),
  /** The threshold of the quota that was told of last, in percent; absent before there was one. */
  warnedPercent: z.int().optional(),
});
export type Survey = z.infer<typeof surveySchema>;

export const sizesId = 'sizes';

export function surveyRef(registry: RegistryName): DocumentRef {
  return { container: 'registries', partition: [registry], id: 'usage-survey' };
}
