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
 * How it is known that an image is built on another. `confidence` from 0 to 1: what a Dockerfile or its builder says is
 * sure, equal layers nearly.
 */
const evidenceSchema = z.object({
  evidence: z.enum(['dockerfile', 'annotation', 'provenance', 'layers']),
  confidence: z.number().min(0).max(1),
  /** The base that was built on, where that is known. */
  baseDigest: digestSchema.optional(),
  /** How many layers are the base's, where layers are the evidence. */
  layers: z.int().optional(),
});
export type Evidence = z.infer<typeof evidenceSchema>;

const referenceShape = {
  base: z.string(),
  tag: tagSchema.optional(),
  digest: digestSchema.optional(),
  /** As a builder on this image would name it, with its host; absent where no host is known. */
  said: z.string().optional(),
};

/** What one image is built on. */
const baseFoundSchema = z.object({ ...referenceShape, found: z.array(evidenceSchema).min(1) });
export type BaseFound = z.infer<typeof baseFoundSchema>;

/** That a tagged image is built on a base. It lies with its base: one partition answers who depends on it. */
export const edgeSchema = z.object({
  ...documentShape('edge'),
  ...baseFoundSchema.shape,
  registry: registrySchema,
  repository: repositorySchema,
  /** Of the dependent. */
  dependentTag: tagSchema,
  /** The author of the task that makes it has named the base, which is another registry's. */
  isListed: z.literal(true).optional(),
  /** Absent while its task has not made it yet. */
  dependentDigest: digestSchema.optional(),
  learnedAt: z.iso.datetime(),
});
export type Edge = z.infer<typeof edgeSchema>;

/** Of one image. Whoever pushes it names them, and each is an edge that is written, followed and perhaps watched. */
export const mostBases = 40;

/** All that was learned of one tagged image: where its edges are. It lies with the dependent. */
export const learnedSchema = z.object({
  ...documentShape('learned'),
  base: z.string(),
  registry: registrySchema,
  repository: repositorySchema,
  tag: tagSchema,
  /** Absent while its task has not made it yet. */
  digest: digestSchema.optional(),
  bases: z.array(baseFoundSchema),
  /** Edges that were not made, for they would close a circle: from the image back to itself. */
  refused: z.array(z.object({ base: z.string(), path: z.array(z.string()) })),
  /** How many bases more it names than are kept. */
  leftOut: z.int().positive().optional(),
  /** Edges that may be there beside those of `bases`: of what the tag was before. */
  leaving: z.array(z.object({ base: z.string(), id: z.string() })),
  /** It is written down, and its edges are perhaps not made: who has died between leaves it so. */
  unfinished: z.boolean().optional(),
  learnedAt: z.iso.datetime(),
});
export type Learned = z.infer<typeof learnedSchema>;

/**
 * An image as its layers make it known, beside all others that begin with the same layer: whoever begins with all of
 * its layers was built on it.
 */
export const rootedSchema = z.object({
  ...documentShape('rooted'),
  base: z.string(),
  registry: registrySchema,
  repository: repositorySchema,
  digest: digestSchema,
  /** Of all its layers. */
  chain: z.string(),
  /** Of its first layer, of its first two, …; an image's own is not among them. */
  begins: z.array(z.object({ chain: z.string() })),
  layers: z.int().positive(),
  /** Tags that it has, or had: what was built on it followed one of them. */
  tags: z.array(tagSchema),
});
export type Rooted = z.infer<typeof rootedSchema>;

/**
 * Where that is, by the image's digest. `told`: what was pushed before it, and is built on it, has been looked at
 * again.
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
 * That a tag of another registry is watched for this repository's images: so that they are counted. It goes with
 * `watched:…`.
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

/** The registry that a name stands in, and the image. */
export interface TaggedImage {
  readonly registry: RegistryName;
  readonly repository: RepositoryName;
  readonly tag: Tag;
}
