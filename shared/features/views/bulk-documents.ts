import { z } from 'zod';
import { collection } from '../../core/documents/collection.ts';
import { registrySchema, repositorySchema, tagSchema } from '../../core/documents/names.ts';
import { documentShape } from '../../core/documents/stored.ts';
import { digestSchema } from '../../core/oci/descriptor.ts';
import type { RegistryName } from '../../core/oci/name.ts';

const when = z.iso.datetime();

const causeSchema = z.object({
  request: z.object({ id: z.string(), host: z.string(), method: z.string(), useragent: z.string() }),
  actor: z.object({ name: z.string() }),
});

/** The things that one step deletes, each with the digest that was judged. */
const stepSchema = z.array(z.object({ tag: tagSchema.optional(), digest: digestSchema }));
export type Step = z.infer<typeof stepSchema>;

/** A deletion of many tags or manifests, with how far it is: a process that takes over goes on from there. */
const bulkDocumentSchema = z.object({
  ...documentShape('bulk-deletion'),
  registry: registrySchema,
  bulk: z.string(),
  repository: repositorySchema,
  /** The tags that were picked, with the digests that they had then. */
  tags: z.array(z.object({ tag: tagSchema, digest: digestSchema })).optional(),
  search: z.string().optional(),
  pushedBefore: when.optional(),
  untagged: z.boolean().optional(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  matched: z.int().nonnegative(),
  deleted: z.int().nonnegative(),
  kept: z.array(z.object({ tag: tagSchema.optional(), digest: digestSchema.optional(), why: z.string() })),
  keptCount: z.int().nonnegative(),
  /** The id of all that it recycles, in the recycle bin. */
  group: z.string(),
  /** The id of the last document that was looked at, or the number of picked tags that are done. */
  place: z.union([z.string(), z.int()]).optional(),
  /** The step under way: it is written before, so that the process that takes over knows what may be gone by it. */
  step: stepSchema.nullish(),
  cause: causeSchema,
  undo: z
    .object({
      state: z.enum(['running', 'done', 'failed']),
      cause: causeSchema,
      /** The numbers of its entries in the recycle bin before anything was restored; absent until they are counted. */
      found: z.object({ manifests: z.int().nonnegative(), tags: z.int().nonnegative() }).optional(),
      taken: z.array(tagSchema),
      takenCount: z.int().nonnegative(),
    })
    .optional(),
  reason: z.string().optional(),
  /** The time from which it may be claimed: later than now while a process works on it, absent when nothing is left. */
  dueAt: when.nullish(),
  /** The id of the run that works on it. */
  worker: z.string().optional(),
  createdAt: when,
  finishedAt: when.optional(),
  ttl: z.int(),
});
export type Bulk = z.infer<typeof bulkDocumentSchema>;

/** They are listed for 90 days after the last change. */
export const bulkTtl = 90 * 24 * 3600;

export const bulks = collection({
  container: 'registries',
  schema: bulkDocumentSchema,
  place: ({ registry, bulk }: { readonly registry: RegistryName; readonly bulk: string }) => ({
    partition: [registry],
    id: `bulk-deletion:${bulk}`,
  }),
});
