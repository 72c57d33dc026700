import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import { leaseEnd } from '../../core/documents/lease.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf, registrySchema, repositorySchema } from '../../core/documents/names.ts';
import { documentShape } from '../../core/documents/stored.ts';
import { digestSchema } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { DocumentChange, DocumentRef } from '../../core/ports/documents.ts';

const inRepository = { registry: registrySchema, repository: repositorySchema };

/**
 * That the surroundings of a manifest are to be settled. Written in the transaction that makes the manifest live or
 * binned, it goes when a look has found nothing to do and nobody has written it since.
 */
export const unsettledSchema = z.object({
  ...documentShape('unsettled'),
  ...inRepository,
  digest: digestSchema,
  /** The deletion whose tags are to come back with it. */
  tagsOf: z.string().optional(),
  /** When a timer takes over from whoever wrote it. */
  dueAt: z.iso.datetime(),
});
export type Unsettled = z.infer<typeof unsettledSchema>;

/**
 * Whoever settles says so again after each batch; one that has said nothing for so long is taken for dead. In
 * milliseconds.
 */
const takeoverMs = 10_000;

export function takeoverFrom(now: Date): string {
  return leaseEnd(now, takeoverMs);
}

export function unsettledRef(key: RepositoryKey, digest: Digest): DocumentRef {
  return { container: 'repositories', partition: partitionOf(key), id: `unsettled:${digest}` };
}

export function unsettledChange(key: RepositoryKey, digest: Digest, now: Date, tagsOf?: string): DocumentChange {
  const { registry, repository } = key;
  const document: Unsettled = {
    id: unsettledRef(key, digest).id,
    type: 'unsettled',
    schemaVersion: 1,
    registry,
    repository,
    digest,
    ...defined({ tagsOf }),
    dueAt: takeoverFrom(now),
  };
  return { do: 'upsert', document: { ...document } };
}

/**
 * The content of a large manifest that is purged: a blob that nobody will name again, once those who read it have
 * ended.
 */
export const spentContentSchema = z.object({
  ...documentShape('spent-content'),
  ...inRepository,
  blob: z.string(),
  /** In bytes; absent in older ones. */ size: z.int().nonnegative().optional(),
  dueAt: z.iso.datetime(),
});

export function spentContentChange(
  key: RepositoryKey,
  { blob, size }: { readonly blob: string; readonly size: number },
  dueAt: Date,
): DocumentChange {
  const { registry, repository } = key;
  return {
    do: 'upsert',
    document: {
      id: `spent-content:${blob.replaceAll('/', ':')}`,
      type: 'spent-content',
      schemaVersion: 1,
      registry,
      repository,
      blob,
      size,
      dueAt: dueAt.toISOString(),
    },
  };
}
