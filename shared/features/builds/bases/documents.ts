import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { registrySchema, repositorySchema, tagSchema } from '../../../core/documents/names.ts';
import { documentShape } from '../../../core/documents/stored.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { RegistryName, RepositoryName, Tag } from '../../../core/oci/name.ts';
import type { DocumentRef } from '../../../core/ports/documents.ts';

/**
 * The evidence that an image is built on another. `confidence` is between 0 and 1: the word of a Dockerfile or of the
 * builder is certain, equal layers are nearly so.
 */
const evidenceSchema = z.object({
  evidence: z.enum(['dockerfile', 'annotation', 'provenance', 'layers']),
  confidence: z.number().min(0).max(1),
  /** The digest of the base that was built on, if it is known. */
  baseDigest: digestSchema.optional(),
  /** The number of layers that are the base's, if layers are the evidence. */
  layers: z.int().optional(),
});
export type Evidence = z.infer<typeof evidenceSchema>;

const referenceShape = {
  base: z.string(),
  tag: tagSchema.optional(),
  digest: digestSchema.optional(),
  /** The name, with its host, by which a builder on this image would refer to it; absent if no host is known. */
  said: z.string().optional(),
};

/** A base of one image, with the evidence for it. */
const baseFoundSchema = z.object({ ...referenceShape, found: z.array(evidenceSchema).min(1) });
export type BaseFound = z.infer<typeof baseFoundSchema>;

/**
 * An edge: a tagged image is built on a base. It is stored with its base, so that one partition lists all dependents.
 */
export const edgeSchema = z.object({
  ...documentShape('edge'),
  ...baseFoundSchema.shape,
  registry: registrySchema,
  repository: repositorySchema,
  /** The tag of the dependent. */
  dependentTag: tagSchema,
  /** The author of the task that builds the dependent has named the base, which is of another registry. */
  isListed: z.literal(true).optional(),
  /** Absent until its task has built the dependent. */
  dependentDigest: digestSchema.optional(),
  learnedAt: z.iso.datetime(),
});
export type Edge = z.infer<typeof edgeSchema>;

/**
 * The most bases of one image. The pusher of an image names them, and each is an edge that is written, followed and
 * perhaps watched.
 */
export const mostBases = 40;

/** All that was learned of one tagged image, with the places of its edges. It is stored with the dependent. */
export const learnedSchema = z.object({
  ...documentShape('learned'),
  base: z.string(),
  registry: registrySchema,
  repository: repositorySchema,
  tag: tagSchema,
  /** Absent until its task has built the image. */
  digest: digestSchema.optional(),
  bases: z.array(baseFoundSchema),
  /** Edges that were not created, since they would close a circle, each with the path from the image back to itself. */
  refused: z.array(z.object({ base: z.string(), path: z.array(z.string()) })),
  /** The number of bases that the image names beyond those that are kept. */
  leftOut: z.int().positive().optional(),
  /** Edges that may exist beside those of `bases`: those of the image that the tag pointed at before. */
  leaving: z.array(z.object({ base: z.string(), id: z.string() })),
  /** This document is written, but its edges may be missing: a process that died in between leaves it so. */
  unfinished: z.boolean().optional(),
  learnedAt: z.iso.datetime(),
});
export type Learned = z.infer<typeof learnedSchema>;

/**
 * An image as its layers make it known, stored beside all others that begin with the same layer: an image that begins
 * with all of its layers was built on it.
 */
export const rootedSchema = z.object({
  ...documentShape('rooted'),
  base: z.string(),
  registry: registrySchema,
  repository: repositorySchema,
  digest: digestSchema,
  /** The chain of all its layers. */
  chain: z.string(),
  /**
   * The chains of its first layer, of its first two, …; those of an image's own layers as a whole are not among them.
   */
  begins: z.array(z.object({ chain: z.string() })),
  layers: z.int().positive(),
  /** Tags that the image has, or had: an image that was built on it followed one of them. */
  tags: z.array(tagSchema),
});
export type Rooted = z.infer<typeof rootedSchema>;

/**
 * The place of the `rooted` document of an image, by the image's digest. `told`: the images that were pushed before it
 * and are built on it have been learned again.
 */
export const placedSchema = z.object({
  ...documentShape('placed'),
  base: z.string(),
  digest: digestSchema,
  root: z.string(),
  told: z.boolean(),
});

const named = ({ registry, repository }: RepositoryKey) => `${registry}:${repository.replaceAll('/', ':')}`;

export function edgeId(
  key: RepositoryKey,
  dependentTag: Tag,
  { tag, digest }: { readonly tag?: Tag | undefined; readonly digest?: Digest | undefined },
): string {
  const reference = createHash('sha256')
    .update(JSON.stringify([tag, digest]))
    .digest('hex')
    .slice(0, 12);
  return `edge:${named(key)}:${dependentTag}:${reference}`;
}

function partitionOfDependent({ registry, repository }: RepositoryKey): string {
  return `of:${registry}:${repository}`;
}

export function learnedRef(key: RepositoryKey, tag: Tag): DocumentRef {
  return { container: 'dependencies', partition: [partitionOfDependent(key)], id: `learned:${tag}` };
}

/**
 * Refers to the document that says that a tag of another registry is watched for this repository's images: by these
 * they are counted. It is deleted with `watched:…`.
 */
export function watchesRef(
  key: RepositoryKey,
  { base, tag }: { readonly base: string; readonly tag: Tag },
): DocumentRef {
  return {
    container: 'dependencies',
    partition: [partitionOfDependent(key)],
    id: `watches:${createHash('sha256')
      .update(JSON.stringify([base, tag]))
      .digest('hex')
      .slice(0, 32)}`,
  };
}

export function rootedPartition(registry: RegistryName, root: string): string {
  return `rooted:${registry}:${root}`;
}

export function rootedRef(key: RepositoryKey, digest: Digest, root: string): DocumentRef {
  return {
    container: 'dependencies',
    partition: [rootedPartition(key.registry, root)],
    id: `rooted:${named(key)}:${digest}`,
  };
}

export function placedRef(key: RepositoryKey, digest: Digest): DocumentRef {
  return { container: 'dependencies', partition: [partitionOfDependent(key)], id: `placed:${digest}` };
}

/** The name of the registry, and the image. */
export interface TaggedImage {
  readonly registry: RegistryName;
  readonly repository: RepositoryName;
  readonly tag: Tag;
}
