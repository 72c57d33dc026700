import { z } from 'zod';
import { writing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { registrySchema, repositorySchema, tagSchema } from '../../core/documents/names.ts';
import { allStored } from '../../core/documents/pages.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { documentShape, readStored } from '../../core/documents/stored.ts';
import { digestSchema } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DocumentRef, Documents, Predicate } from '../../core/ports/documents.ts';
import { defaultPolicy, policySchema } from './policy.ts';

const when = z.iso.datetime();

/** The document of a policy and of its progress. */
const policyDocumentSchema = z.object({
  ...documentShape('purge-policy'),
  registry: registrySchema,
  name: z.string(),
  policy: policySchema,
  /**
   * The approval of a plan of the rules that have this hash. If it is absent, or has another hash, the policy is off.
   */
  approved: z.object({ rules: z.string(), at: when, by: z.string() }).optional(),
  /**
   * The place of the walk through all manifests that a change of rules begins; absent when it is complete. `id` is of
   * the walk: one that begins anew is another, also where both are at the same place.
   */
  walk: z
    .object({ id: z.string().optional(), repository: z.string().optional(), digest: z.string().optional() })
    .optional(),
  nextRunAt: when,
  /** The id of the write that last moved that time: a writer whose answer was lost recognizes its write by it. */
  runBy: z.string().optional(),
  /** The id of the current plan. */
  plan: z.string().optional(),
  updatedAt: when,
});
export type PolicyDocument = z.infer<typeof policyDocumentSchema>;

export function policyRef(registry: RegistryName, name: string): DocumentRef {
  return { container: 'registries', partition: [registry], id: `purge-policy:${name}` };
}

export const defaultName = 'default';

/** Makes the document of a new policy. Manifests that were pushed before it are not marked yet, so its walk begins. */
export function newPolicy(
  registry: RegistryName,
  name: string,
  policy: PolicyDocument['policy'],
  nextRunAt: Date,
  now: Date,
): PolicyDocument {
  return {
    id: policyRef(registry, name).id,
    type: 'purge-policy',
    schemaVersion: 1,
    registry,
    name,
    policy,
    walk: {},
    nextRunAt: nextRunAt.toISOString(),
    updatedAt: now.toISOString(),
  };
}

/** Reads a policy; `undefined` if there is none. The one named `default` always exists. */
export async function readPolicy(
  documents: Documents,
  registry: RegistryName,
  name: string,
): Promise<{ document: PolicyDocument; stored?: Stored<PolicyDocument> } | undefined> {
  const found = await readStored(documents, policyDocumentSchema, policyRef(registry, name));
  if (found !== undefined) return { document: found.document, stored: found };
  return name === defaultName
    ? { document: newPolicy(registry, name, defaultPolicy, new Date(0), new Date(0)) }
    : undefined;
}

/** Reads all policies of a registry, in the order of their names. */
export async function readPolicies(documents: Documents, registry: RegistryName): Promise<PolicyDocument[]> {
  const stored = (await inRegistry(documents, registry, 'purge-policy:', policyDocumentSchema)).map(
    ({ document }) => document,
  );
  return stored.some(({ name }) => name === defaultName)
    ? stored
    : [newPolicy(registry, defaultName, defaultPolicy, new Date(0), new Date(0)), ...stored];
}

/**
 * Changes a policy's document, unless `change` returns `undefined`. Returns the document as it is afterwards,
 * `undefined` if there is none. Throws `RegistryError` (`contended`).
 */
export async function changePolicy(
  documents: Documents,
  registry: RegistryName,
  name: string,
  change: (before: PolicyDocument) => PolicyDocument | undefined,
): Promise<PolicyDocument | undefined> {
  const outcome = await untilUncontended(`the policy ${name}`, async () => {
    const found = await readPolicy(documents, registry, name);
    const after = found === undefined ? undefined : change(found.document);
    if (found === undefined || after === undefined) return { after: found?.document };
    const { committed } = await documents.commitDocuments('registries', [registry], [writing(found.stored, after)]);
    return committed ? { after } : undefined;
  });
  return outcome.after;
}

/**
 * Marks a manifest that a policy is to judge, with the time. It is stored in the partition of the manifest's
 * repository.
 */
export const dueSchema = z.object({
  ...documentShape('purge-due'),
  registry: registrySchema,
  repository: repositorySchema,
  policy: z.string(),
  digest: digestSchema,
  dueAt: when,
});

export type Due = z.infer<typeof dueSchema>;

export function dueId(policy: string, digest: Digest): string {
  return `purge-due:${policy}:${digest}`;
}

export function dueDocument(
  { registry, repository }: RepositoryKey,
  policy: string,
  digest: Digest,
  dueAt: number,
): Due {
  return {
    id: dueId(policy, digest),
    type: 'purge-due',
    schemaVersion: 1,
    registry,
    repository,
    policy,
    digest,
    dueAt: new Date(dueAt).toISOString(),
  };
}

const evidenceSchema = z.object({
  pushedAt: when,
  lastPull: when.optional(),
  trackedSince: when.optional(),
  untaggedSince: when.optional(),
});

export const itemSchema = z.object({
  kind: z.enum(['manifest', 'tag']),
  repository: repositorySchema,
  digest: digestSchema,
  tag: tagSchema.optional(),
  /** True for a referrer of another manifest, which is no image: the brake does not count it. */
  about: z.literal(true).optional(),
  rule: z.string(),
  why: z.string(),
  evidence: evidenceSchema,
  /**
   * The bytes that are freed in Blob Storage when all of the plan is purged; bytes that two items share count with the
   * first.
   */
  bytes: z.int().nonnegative(),
});
export type Item = z.infer<typeof itemSchema>;

/** One step of a removal: a manifest with its tags and with what is removed along with it, or some of its tags. */
const removalSchema = z.object({
  repository: repositorySchema,
  digest: digestSchema,
  whole: z.boolean(),
  tags: z.array(tagSchema),
  along: z.array(digestSchema),
  items: z.array(itemSchema),
  outcome: z.string().optional(),
  group: z.string().optional(),
});
export type Removal = z.infer<typeof removalSchema>;

export const pageSchema = z.object({
  ...documentShape('purge-plan-page'),
  registry: registrySchema,
  plan: z.string(),
  removals: z.array(removalSchema),
  kept: z.array(itemSchema),
});
export type PlanPage = z.infer<typeof pageSchema>;

export const planSchema = z.object({
  ...documentShape('purge-plan'),
  registry: registrySchema,
  plan: z.string(),
  policy: z.string(),
  /** The hash of the rules that the plan was made by. */
  rules: z.string(),
  /** The hash of all that the plan lists. */
  hash: z.string(),
  /** `void` means that the rules were changed before the plan was carried out. */
  state: z.enum(['awaiting', 'approved', 'done', 'void']),
  madeAt: when,
  manifests: z.int(),
  tags: z.int(),
  bytes: z.int(),
  kept: z.int(),
  /** True if more is due than one plan holds; the next plan has it. */
  more: z.boolean(),
  /** The repositories of which the plan removes more than the brake lets through without approval. */
  over: z.array(
    z.object({ repository: repositorySchema, going: z.int(), of: z.int(), what: z.enum(['manifests', 'tags']) }),
  ),
  pages: z.int(),
  /** The number of pages that are carried out. */
  carriedOut: z.int(),
  outcome: z.object({ manifests: z.int(), tags: z.int(), stayed: z.int() }),
  /** The claim of the process that carries the plan out, and the time until which no other one may. */
  lease: z.object({ by: z.string(), until: when }).optional(),
  approvedBy: z.string().optional(),
});
export type Plan = z.infer<typeof planSchema>;

export function planRef(registry: RegistryName, plan: string): DocumentRef {
  return { container: 'registries', partition: [registry], id: `purge-plan:${plan}` };
}

export function planPageRef(registry: RegistryName, plan: string, page: number): DocumentRef {
  return {
    container: 'registries',
    partition: [registry],
    id: `purge-plan-page:${plan}:${String(page).padStart(5, '0')}`,
  };
}

/** The seconds that plans are kept for reading. */
export const planTtl = 90 * 24 * 3600;

/** The images that a cluster or a deployment tool says that it runs. */
export const inUseSchema = z.object({
  ...documentShape('purge-in-use'),
  registry: registrySchema,
  source: z.string(),
  digests: z.array(digestSchema),
  expiresAt: when,
  updatedAt: when,
});
export type InUse = z.infer<typeof inUseSchema>;

export function inUseRef(registry: RegistryName, source: string): DocumentRef {
  return { container: 'registries', partition: [registry], id: `purge-in-use:${source}` };
}

/** Reads all documents of a registry whose ids have a prefix, in the order of their ids. */
export function inRegistry<T>(
  documents: Documents,
  registry: RegistryName,
  prefix: string,
  schema: z.ZodType<T>,
): Promise<Stored<T>[]> {
  const [container, partition] = ['registries' as const, [registry]];
  const where: Predicate[] = [{ path: 'id', is: 'starts-with', value: prefix }];
  return allStored(
    documents,
    { container, partition, where, orderBy: { path: 'id', direction: 'asc' }, limit: 100 },
    schema,
  );
}
