import { z } from 'zod';
import { digestSchema } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { DocumentRef } from '../ports/documents.ts';
import { registrySchema, repositorySchema } from './names.ts';
import type { RepositoryKey } from './names.ts';
import { documentShape } from './stored.ts';

/** The bytes of one digest: stored once per deployment, under a physical name in each region that holds them. */
export const blobDocumentSchema = z.object({
  ...documentShape('blob'),
  digest: digestSchema,
  /** In bytes. */
  size: z.int().nonnegative(),
  copies: z.record(z.string(), z.object({ name: z.string(), storedAt: z.iso.datetime() })),
  storedAt: z.iso.datetime(),
});
export type BlobDocument = z.infer<typeof blobDocumentSchema>;

/**
 * One repository's right to read a blob. It repeats size and physical name, so that a pull of a blob is one read;
 * blob and links share a partition, so that both change in one transaction.
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
});
export type LinkDocument = z.infer<typeof linkDocumentSchema>;

export const blobId = 'blob';

export function blobRef(digest: Digest): DocumentRef {
  return { container: 'blobs', partition: [digest], id: blobId };
}

/** A slash may not stand in an id, a colon may not stand in a repository's name. */
export function linkId(key: RepositoryKey): string {
  return `link:${key.registry}:${key.repository.replaceAll('/', ':')}`;
}

export function linkRef(key: RepositoryKey, digest: Digest): DocumentRef {
  return { container: 'blobs', partition: [digest], id: linkId(key) };
}
