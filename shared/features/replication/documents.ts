import { z } from 'zod';
import { collection } from '../../core/documents/collection.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf, registrySchema, repositorySchema } from '../../core/documents/names.ts';
import { documentShape } from '../../core/documents/stored.ts';
import { digestSchema } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DocumentRef } from '../../core/ports/documents.ts';
import { repositoryGlobSchema, scopeSchema, tagGlobSchema } from '../../core/rules/pattern.ts';

const when = z.iso.datetime();
const count = z.int().nonnegative();

/**
 * The filter of the images that a replica holds. A manifest without a tag matches every tag pattern that matches all,
 * and follows an index that does.
 */
const filtersSchema = z.strictObject({
  repositories: scopeSchema(repositoryGlobSchema, '**').prefault({}).describe('The repositories that are copied.'),
  tags: scopeSchema(tagGlobSchema, '*').prefault({}).describe('The tags that are copied.'),
  artifactTypes: z
    .array(z.string().min(1).max(255))
    .min(1)
    .max(50)
    .optional()
    .describe("The manifest's artifact type, or the media type of its config; absent, all."),
});
export type Filters = z.infer<typeof filtersSchema>;

/** The settings of a replica. */
export const replicaSettingsSchema = z.strictObject({
  paused: z.boolean().default(false).describe('The state: copying can be paused.'),
  filters: filtersSchema.prefault({}).describe('The images that are copied.'),
  priority: z
    .int()
    .min(1)
    .max(9)
    .default(5)
    .describe('The priority of its copies among those of other registries in the region: 1 goes first.'),
  bytesPerSecond: z
    .int()
    .min(1024)
    .optional()
    .describe('The bytes a second that one instance copies at most; absent, there is no limit.'),
  verify: z
    .enum(['size', 'hash'])
    .default('size')
    .describe(
      'The verification of copies. size: the size that the store reports is compared; hash: the copy ' +
        'is read whole and hashed.',
    ),
  endpoint: z
    .boolean()
    .default(true)
    .describe('True if a front door may send clients to this region: otherwise its /healthz answers 503.'),
});
export type ReplicaSettings = z.infer<typeof replicaSettingsSchema>;

/** A walk over all that is stored, for one replica. */
const walkSchema = z.object({
  why: z.enum(['added', 'changed', 'reconcile']),
  startedAt: when,
  /** The place that it has reached, in a query's pages. */
  continuation: z.string().optional(),
  /** The time since which images must have been pushed. */
  since: when.optional(),
  repository: repositorySchema.optional(),
  /** True when the bytes of each copy are checked. */
  check: z.boolean(),
  images: count,
  /** The number of images of which something was missing. */
  planned: count,
  /** The number of copies that were absent, or had another size. */
  repaired: count,
});
export type Walk = z.infer<typeof walkSchema>;

export const replicaSchema = z.object({
  ...documentShape('replica'),
  registry: registrySchema,
  region: z.string(),
  settings: replicaSettingsSchema,
  walk: walkSchema.optional(),
  /** The walk before. */
  walked: walkSchema.extend({ endedAt: when }).optional(),
  /** The time up to which pushes have been walked once more. */
  reconciledTo: when,
  /** Set while the replica is being removed: what it held and no longer holds. */
  draining: z.object({ since: when, blobs: count, bytes: count, waiting: count }).optional(),
  createdAt: when,
  updatedAt: when,
});
export type Replica = z.infer<typeof replicaSchema>;

export function replicaRef(registry: RegistryName, region: string): DocumentRef {
  return { container: 'registries', partition: [registry], id: `replica:${region}` };
}

const imageSchema = z.object({ registry: registrySchema, repository: repositorySchema, digest: digestSchema });
export type WaitingImage = z.infer<typeof imageSchema>;

/**
 * A blob that a region is to get. It lies in the blob's own partition, so that blob and copy change in one transaction.
 */
export const copySchema = z.object({
  ...documentShape('copy'),
  digest: digestSchema,
  size: count,
  region: z.string(),
  /** Copies are made in this order. */
  order: z.string(),
  /** The physical blob that it becomes, chosen before its first block. */
  name: z.string(),
  /** True when blocks may be staged under its name. */
  begun: z.boolean(),
  bytesDone: count,
  /** The time from which it may be claimed: later while a process works on it, or after it has failed. */
  dueAt: when,
  attempts: count,
  error: z.string().optional(),
  bytesPerSecond: z.int().optional(),
  verify: z.enum(['size', 'hash']),
  queuedAt: when,
  /** The images that are checked when the blob is there; the sweep finds those that found no room here. */
  images: z.array(imageSchema),
  /** Registries that want it here: one copy serves all, and one that pauses stops no other. */
  wantedBy: z.array(z.object({ registry: registrySchema })).optional(),
});
export type Copy = z.infer<typeof copySchema>;

export const copies = collection({
  container: 'blobs',
  schema: copySchema,
  place: ({ digest, region }: Pick<Copy, 'digest' | 'region'>) => ({ partition: [digest], id: `copy:${region}` }),
});

export function copyRef(digest: Digest, region: string): DocumentRef {
  return copies.ref({ digest, region });
}

/** The progress of an image in a region. */
export const replicatedSchema = z.object({
  ...documentShape('replicated'),
  registry: registrySchema,
  repository: repositorySchema,
  digest: digestSchema,
  region: z.string(),
  state: z.enum(['queued', 'complete']),
  /** The bytes of all of its blobs. */
  bytes: count,
  pushedAt: when,
  queuedAt: when,
  completedAt: when.optional(),
});
export type Replicated = z.infer<typeof replicatedSchema>;

export function replicatedRef(key: RepositoryKey, digest: Digest, region: string): DocumentRef {
  return { container: 'repositories', partition: partitionOf(key), id: `replicated:${region}:${digest}` };
}

export const copiesQueue = 'replication-copies';
