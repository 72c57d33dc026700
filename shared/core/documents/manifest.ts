import { z } from 'zod';
import { annotationsSchema, digestSchema } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { manifestMediaTypes } from '../oci/media-types.ts';
import { pushedBySchema } from '../oci/principal.ts';
import type { DocumentChange, DocumentRef } from '../ports/documents.ts';
import { attributesSchema } from './attributes.ts';
import { defined } from './defined.ts';
import type { RepositoryKey } from './names.ts';
import { partitionOf, registrySchema, repositorySchema, tagSchema } from './names.ts';
import { documentShape } from './stored.ts';
import { tagPlacesShape, tagRowSchema } from './tag-row.ts';
import { verdictSchema } from './verdict.ts';

const referenceSchema = z.object({
  role: z.enum(['config', 'layer', 'manifest']),
  digest: digestSchema,
  /** The size that its descriptor claims. */
  size: z.int().nonnegative(),
  /** The measured size of a blob that the push has found in the repository. */
  stored: z.int().nonnegative().optional(),
  mediaType: z.string(),
  platform: z.object({ architecture: z.string(), os: z.string(), variant: z.string().optional() }).optional(),
  /** True for an attestation in an index that is marked as one, where its platform does not say so. */
  isAttestation: z.literal(true).optional(),
});

const changeTimes = {
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  /** `timeKey` of `updatedAt`. */
  byTime: z.string(),
};

/**
 * Places a tag or manifest in the order of its last update. The name breaks ties, so that the order is total and a page
 * can start behind any place of it, also one that is gone by then; the type leads, so that one index range holds
 * nothing else.
 */
export function timeKey(type: 'tag' | 'manifest' | 'binned' | 'binned-tag', updatedAt: string, name: string): string {
  return `${type}:${updatedAt}:${name}`;
}

/** One manifest of a repository. Its bytes never change; its other properties may. */
export const manifestDocumentSchema = z.object({
  ...documentShape('manifest'),
  registry: registrySchema,
  repository: repositorySchema,
  digest: digestSchema,
  mediaType: z.enum(manifestMediaTypes),
  /** The size of the manifest itself, in bytes. */
  size: z.int().nonnegative(),
  /**
   * The exact text, or the physical blob that holds it when it is larger than `maxInlineBytes`, and the region that it
   * was pushed in.
   */
  content: z.union([z.object({ text: z.string() }), z.object({ blob: z.string(), region: z.string().optional() })]),
  references: z.array(referenceSchema),
  artifactType: z.string().optional(),
  subject: digestSchema.optional(),
  /**
   * The name (`aboutName`) of the manifest that its tag named when it was pushed: a signature that names no subject
   * itself has one.
   */
  about: z.string().optional(),
  annotations: annotationsSchema.optional(),
  /** Says where the annotations are when they are too many to repeat here (`maxAnnotationBytes`). */
  annotationsIn: z.literal('manifest').optional(),
  /** The platform that an image's config names; an index names those of its children. */
  platform: z.object({ architecture: z.string().optional(), os: z.string().optional() }).optional(),
  /**
   * The labels in an image's config. Absent for manifests that are no images, and for those that were pushed before
   * labels were read.
   */
  labels: z.record(z.string(), z.string()).optional(),
  /** Says where the labels are when they, or the config, are too large to be repeated here. */
  labelsIn: z.literal('config').optional(),
  /** The report of a scanner (ACR's quarantine). */
  quarantine: z.object({ state: z.string().optional(), details: z.string().optional() }).optional(),
  /** Absent from a manifest that no policy covers, and until one that came later has judged it: it is open. */
  verdict: verdictSchema.optional(),
  attributes: attributesSchema,
  /**
   * The time at which it, or an index that lists it, was last restored, or that index pushed. It is written in that
   * transaction, so that a deletion under way notices.
   */
  heldAt: z.iso.datetime().optional(),
  /**
   * The time at which it was pushed out of the recycle bin by a caller that may not restore: the referrers that people
   * had deleted along with it by then stay there.
   */
  cameAloneAt: z.iso.datetime().optional(),
  /**
   * The time at which a policy's judgement first saw it without a tag. A push writes the document anew, and so forgets
   * it.
   */
  untaggedAt: z.iso.datetime().optional(),
  ...changeTimes,
});
export type ManifestDocument = z.infer<typeof manifestDocumentSchema>;

/** Returns the manifests that an index lists, each once. */
export function childrenOf({ references }: Pick<ManifestDocument, 'references'>): Digest[] {
  return [...new Set(references.filter(({ role }) => role === 'manifest').map(({ digest }) => digest))];
}

/**
 * Makes a change that fails unless the manifest is live, and that moves its etag: a deletion under way must then check
 * again what keeps the manifest.
 */
export function holdChange(digest: Digest, now: Date): DocumentChange {
  return { do: 'patch', id: manifestId(digest), set: { heldAt: now.toISOString() } };
}

/** Manifests with more bytes than this lie in Blob Storage: an item of Cosmos DB holds 2 MB, a manifest up to 4 MiB. */
export const maxInlineBytes = 128 * 1024;

/**
 * Annotations are repeated in a document up to this many bytes of JSON: they may make up nearly all of a manifest, and
 * a document stays far below the limit of a batch.
 */
export const maxAnnotationBytes = 16 * 1024;

export function manifestId(digest: Digest): string {
  return `manifest:${digest}`;
}

export function manifestRef(key: RepositoryKey, digest: Digest): DocumentRef {
  return { container: 'repositories', partition: partitionOf(key), id: manifestId(digest) };
}

/**
 * Makes a name that no other content has or will have (`id` is fresh): the blob is deleted with the one document that
 * owns it.
 */
export function manifestBlobName(digest: Digest, id: string): string {
  return `manifests/${digest.replace(':', '/')}/${id}`;
}

/**
 * Says whether a blob of content is owned by one manifest. Contents that are older than these names may be shared by
 * repositories: nobody owns them, so nobody deletes them.
 */
export function isOwnContent(blob: string): boolean {
  return blob.split('/').length > 3;
}

/** One edge from a subject to a manifest that names it (distribution-spec, "Listing Referrers"). */
export const referrerDocumentSchema = z.object({
  ...documentShape('referrer'),
  registry: registrySchema,
  repository: repositorySchema,
  subject: digestSchema,
  digest: digestSchema,
  mediaType: z.string(),
  size: z.int().nonnegative(),
  artifactType: z.string().optional(),
  annotations: annotationsSchema.optional(),
  /** Says where the annotations are when they are too many to repeat here (`maxAnnotationBytes`). */
  annotationsIn: z.literal('manifest').optional(),
});
export type ReferrerDocument = z.infer<typeof referrerDocumentSchema>;

export function referrerId(subject: Digest, digest: Digest): string {
  return `referrer:${subject}:${digest}`;
}

/** Makes the change that writes a manifest's edge; none for a manifest that names no subject. */
export function referrerEdge(manifest: ManifestDocument): DocumentChange[] {
  const { registry, repository, subject, digest, mediaType, size, artifactType, annotations, annotationsIn } = manifest;
  if (subject === undefined) return [];
  const about = {
    ...defined({ artifactType, annotations, annotationsIn }),
  };
  const edge: ReferrerDocument = {
    id: referrerId(subject, digest),
    type: 'referrer',
    schemaVersion: 1,
    registry,
    repository,
    subject,
    digest,
    mediaType,
    size,
    ...about,
  };
  return [{ do: 'upsert', document: { ...edge } }];
}

export const tagDocumentSchema = z.object({
  ...documentShape('tag'),
  registry: registrySchema,
  repository: repositorySchema,
  name: tagSchema,
  digest: digestSchema,
  /**
   * The manifest that the tag pointed at before one that is held: those who may only pull get it until that one has
   * passed, if a policy says so. It is asked for as any other, and may be gone.
   */
  previous: digestSchema.optional(),
  /**
   * The identity on whose word the image is what it says, for instance what it is built on; absent from tags that were
   * pushed before this was kept. It is shown to nobody.
   */
  pushedBy: pushedBySchema.optional(),
  /**
   * The name (`aboutName`) of the manifest that the tag belongs to, by its own name or by its manifest's subject. Such
   * a tag is no image's.
   */
  about: z.string().optional(),
  /** Absent, as the places in the orders of lists are, from tags that were pushed before they were kept. */
  row: tagRowSchema.optional(),
  /** True if its manifest is signed (`isSigned`): the judgement writes it, so that a list of tags reads no manifest. */
  signed: z.boolean().optional(),
  ...tagPlacesShape,
  attributes: attributesSchema,
  ...changeTimes,
});
export type TagDocument = z.infer<typeof tagDocumentSchema>;

export function tagId(tag: string): string {
  return `tag:${tag}`;
}

export function tagRef(key: RepositoryKey, tag: string): DocumentRef {
  return { container: 'repositories', partition: partitionOf(key), id: tagId(tag) };
}
