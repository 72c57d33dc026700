import { z } from 'zod';
import { digestSchema } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentChange, DocumentRef } from '../ports/documents.ts';
import type { RepositoryKey } from './names.ts';
import { registrySchema, repositorySchema } from './names.ts';
import { documentShape } from './stored.ts';

/** The bytes of one digest, stored once per deployment under a physical name in each region that holds them. */
export const blobDocumentSchema = z.object({
  ...documentShape('blob'),
  digest: digestSchema,
  /** The size in bytes. */
  size: z.int().nonnegative(),
  copies: z.record(z.string(), z.object({ name: z.string(), storedAt: z.iso.datetime() })),
  storedAt: z.iso.datetime(),
  /**
   * The time at which a link to the blob was last made. It is written in that transaction, so that a collection under
   * way notices.
   */
  linkedAt: z.iso.datetime().optional(),
});
export type BlobDocument = z.infer<typeof blobDocumentSchema>;

/**
 * One repository's right to read a blob. It repeats size and physical name, so that a pull of a blob is one read; blob
 * and links share a partition, so that both change in one transaction.
 */
export const linkDocumentSchema = z.object({
  ...documentShape('link'),
  digest: digestSchema,
  registry: registrySchema,
  repository: repositorySchema,
  size: z.int().nonnegative(),
  name: z.string(),
  region: z.string(),
  refreshedAt: z.iso.datetime(),
  /**
   * The time at which the blob was deleted while no manifest listed it. The link then counts as absent, unless a
   * manifest has listed the blob since.
   */
  droppedAt: z.iso.datetime().optional(),
});
export type LinkDocument = z.infer<typeof linkDocumentSchema>;

/**
 * A check, at its time, whether a repository still needs a blob. Each link is created with one; it is deleted when a
 * manifest needs the blob, and the purge of a manifest creates it again.
 */
export const linkCheckSchema = z.object({
  ...documentShape('link-check'),
  digest: digestSchema,
  registry: registrySchema,
  repository: repositorySchema,
  dueAt: z.iso.datetime(),
});
export type LinkCheck = z.infer<typeof linkCheckSchema>;

/** A check, at its time, whether any repository still links the blob. */
export const blobCheckSchema = z.object({
  ...documentShape('blob-check'),
  digest: digestSchema,
  dueAt: z.iso.datetime(),
});

export type BlobCheck = z.infer<typeof blobCheckSchema>;

/** Bytes whose blob is gone from the documents, until they are gone from the store. */
export const collectedSchema = z.object({
  ...documentShape('collected'),
  digest: digestSchema,
  size: z.int().nonnegative(),
  name: z.string(),
  region: z.string(),
  dueAt: z.iso.datetime(),
});
export type Collected = z.infer<typeof collectedSchema>;

export const blobId = 'blob';
const blobCheckId = 'blob-check';

export function blobRef(digest: Digest): DocumentRef {
  return { container: 'blobs', partition: [digest], id: blobId };
}

/** Makes the id of a link. A slash may not stand in an id, and a colon may not stand in a repository's name. */
export function linkId(key: RepositoryKey): string {
  return `link:${key.registry}:${key.repository.replaceAll('/', ':')}`;
}

export function linkRef(key: RepositoryKey, digest: Digest): DocumentRef {
  return { container: 'blobs', partition: [digest], id: linkId(key) };
}

export function linkCheckId(key: RepositoryKey): string {
  return `link-check:${key.registry}:${key.repository.replaceAll('/', ':')}`;
}

export function linkCheckChange({ registry, repository }: RepositoryKey, digest: Digest, dueAt: Date): DocumentChange {
  const document: LinkCheck = {
    id: linkCheckId({ registry, repository }),
    type: 'link-check',
    schemaVersion: 1,
    digest,
    registry,
    repository,
    dueAt: dueAt.toISOString(),
  };
  return { do: 'upsert', document: { ...document } };
}

export function blobCheckChange(digest: Digest, dueAt: Date): DocumentChange {
  return {
    do: 'upsert',
    document: { id: blobCheckId, type: 'blob-check', schemaVersion: 1, digest, dueAt: dueAt.toISOString() },
  };
}

export function collectedId(region: string, name: string): string {
  return `collected:${region}:${name.replaceAll('/', ':')}`;
}

/** Returns when a grace that begins now is over. */
export function graceFromNow({
  clock,
  settings,
}: {
  readonly clock: Clock;
  readonly settings: { readonly graceMs: number };
}): Date {
  return new Date(clock.now().getTime() + settings.graceMs);
}
