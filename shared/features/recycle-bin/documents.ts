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
 * Marks a manifest whose neighbours are to be reconciled. The mark is written in the transaction that restores or
 * recycles the manifest; it is deleted once a pass has found nothing to do and nobody has written the mark again.
 */
export const reconcileMarkSchema = z.object({
  ...documentShape('unsettled'),
  ...inRepository,
  digest: digestSchema,
  /** The id of the deletion whose tags are to be restored with it. */
  tagsOf: z.string().optional(),
  /** The time from which a timer takes over, because the process that wrote the mark has died. */
  dueAt: z.iso.datetime(),
});
export type ReconcileMark = z.infer<typeof reconcileMarkSchema>;

/** The milliseconds after which a process that reconciles, and renews this after each batch, is taken for dead. */
const takeoverMs = 10_000;

export function takeoverFrom(now: Date): string {
  return leaseEnd(now, takeoverMs);
}

export function reconcileMarkRef(key: RepositoryKey, digest: Digest): DocumentRef {
  return { container: 'repositories', partition: partitionOf(key), id: `unsettled:${digest}` };
}

export function reconcileMarkChange(key: RepositoryKey, digest: Digest, now: Date, tagsOf?: string): DocumentChange {
  const { registry, repository } = key;
  const document: ReconcileMark = {
    id: reconcileMarkRef(key, digest).id,
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
 * Marks the content of a large manifest that was purged: no document names the blob any more, and it is deleted once
 * those who still read it have ended.
 */
export const spentContentSchema = z.object({
  ...documentShape('spent-content'),
  ...inRepository,
  blob: z.string(),
  /** The size in bytes; absent in documents of older versions. */
  size: z.int().nonnegative().optional(),
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
