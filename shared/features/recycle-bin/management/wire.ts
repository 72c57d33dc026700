import { createRoute, z } from '@hono/zod-openapi';
import type { BinnedDocument, BinnedTag } from '../../../core/documents/bin.ts';
import { defined } from '../../../core/documents/defined.ts';
import { repositorySchema, tagSchema } from '../../../core/documents/names.ts';
import { sizeOf, sumOfBytes } from '../../../core/documents/references.ts';
import { absent, body, conflicting, json, pageOf, pageSchema } from '../../../core/http/management.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import { retentionBounds } from '../soft-delete.ts';

const repository = z
  .string()
  .pipe(repositorySchema)
  .openapi({ type: 'string', example: 'team/app', description: 'The repository that it was in.' });
const digest = z
  .string()
  .pipe(digestSchema)
  .openapi({ type: 'string', example: `sha256:${'2'.repeat(64)}`, description: 'The digest of a manifest.' });
const tag = z.string().pipe(tagSchema).openapi({ type: 'string', example: 'v1', description: 'The name of a tag.' });
const group = z
  .string()
  .min(1)
  .max(100)
  .openapi({ description: 'The id of one deletion: what went together.', example: 'f1b6c2d4-…' });

export const binTag = { name: 'recycle bin', description: 'What was deleted and can be restored.' };

const settingsSchema = z
  .object({
    enabled: z.boolean().openapi({ description: 'false: what is deleted cannot be restored.' }),
    retentionDays: z
      .int()
      .min(retentionBounds.min)
      .max(retentionBounds.max)
      .openapi({ description: 'From going into the bin to being purged. What is in it already keeps its time.' }),
    restoreOnPull: z
      .boolean()
      .openapi({ description: 'A pull brings back what a policy took. What somebody deleted stays deleted.' }),
  })
  .openapi('SoftDelete', { description: 'Whether and how long what is deleted can be restored.' });

const entrySchema = z
  .object({
    kind: z.enum(['manifest', 'tag']).openapi({ description: 'What was deleted.' }),
    repository: z.string().openapi({ description: 'The repository that it was in.' }),
    digest: z.string().openapi({ description: 'The digest of the manifest, or of what the tag pointed at.' }),
    tag: z.string().optional().openapi({ description: 'The name of the tag.' }),
    mediaType: z.string().optional().openapi({ description: 'The media type of the manifest.' }),
    size: z.int().optional().openapi({ description: 'Of the manifest and of all that it references, in bytes.' }),
    group,
    recycledAt: z.string().openapi({ format: 'date-time', description: 'When it was deleted.' }),
    purgeAt: z.string().openapi({ format: 'date-time', description: 'When it is purged for good.' }),
    by: z
      .object({
        actor: z.string().openapi({ description: 'Who deleted it.' }),
        rule: z.string().optional().openapi({ description: 'The rule of a purge policy that took it.' }),
      })
      .openapi({ description: 'Who or what deleted it.' }),
    asked: z.boolean().openapi({
      description: 'It was named itself; otherwise it went along with something, and comes back along with it.',
    }),
  })
  .openapi('BinEntry', { description: 'A manifest or a tag in the recycle bin.' });

const listSchema = pageOf(entrySchema, 'What is in the bin, the first deleted first.').openapi('BinEntries', {
  description: 'A page of the recycle bin.',
});

const wantedSchema = z
  .object({
    repository: repository.optional(),
    group: group.optional(),
    digest: digest.optional(),
    tag: tag.optional(),
  })
  .refine((wanted) => (wanted.group === undefined) !== (wanted.digest === undefined), {
    error: 'name a group, or a digest with or without a tag',
  })
  .refine((wanted) => wanted.group !== undefined || wanted.repository !== undefined, {
    error: 'a digest is restored in its repository: name it, as in { "repository": "team/app", "digest": "sha256:…" }',
  })
  .refine((wanted) => wanted.tag === undefined || wanted.digest !== undefined, {
    error: 'a tag is restored with its digest',
  });

const wantedContent = wantedSchema.openapi('BinRestoreContent', { description: 'What is to be restored.' });
export type Wanted = z.infer<typeof wantedSchema>;

const restoredSchema = z
  .object({
    manifests: z.array(z.string()).openapi({ description: 'The digests that came back.' }),
    tags: z.array(z.string()).openapi({ description: 'The tags that came back.' }),
    taken: z
      .array(z.string())
      .openapi({ description: 'Tags that stay in the bin: their names have other manifests by now.' }),
  })
  .openapi('BinRestored', { description: 'What came back from the recycle bin.' });

const purgeSchema = z
  .object({
    repository: repository.optional(),
    group,
    count: z.int().nonnegative().openapi({
      description:
        'How many entries the group has, as GET /bin/{group} says: that is the question whether you are sure.',
      example: 3,
    }),
  })
  .openapi('BinPurgeContent', { description: 'Which deletion is to be purged, and how much it is.' });
const groupSchema = z
  .object({
    items: z.array(entrySchema).openapi({ description: 'All that went in the deletion.' }),
    count: z.int().openapi({ description: 'How many entries that is.' }),
  })
  .openapi('BinGroup', { description: 'What went in one deletion.' });
const purgedSchema = z
  .object({
    manifests: z.int().openapi({ description: 'How many manifests are gone.' }),
    tags: z.int().openapi({ description: 'How many tags are gone.' }),
  })
  .openapi('BinPurged', { description: 'What was purged for good.' });

export const routes = {
  readSettings: createRoute({
    method: 'get',
    path: '/soft-delete',
    operationId: 'getSoftDelete',
    summary: 'Gets the settings of the recycle bin',
    description: 'Gets whether and how long what is deleted can be restored.',
    responses: { 200: json('The settings of the recycle bin.', settingsSchema) },
  }),
  putSettings: createRoute({
    method: 'put',
    path: '/soft-delete',
    operationId: 'setSoftDelete',
    summary: 'Sets the settings of the recycle bin',
    description: 'Sets whether and how long what is deleted can be restored. Other instances follow within seconds.',
    request: body(settingsSchema),
    responses: { 200: json('The settings as they are now.', settingsSchema) },
  }),
  list: createRoute({
    method: 'get',
    path: '/bin',
    operationId: 'listBin',
    summary: 'Lists the recycle bin',
    description: 'Lists what is in the recycle bin of the registry or one repository, the first deleted first.',
    request: { query: pageSchema.extend({ repository: repository.optional() }) },
    responses: { 200: json('A page of the recycle bin.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/bin/{group}',
    operationId: 'getDeletion',
    summary: 'Gets what went in one deletion',
    description: 'Gets the manifests and tags that went into the recycle bin in one deletion.',
    request: { params: z.object({ group }), query: z.object({ repository: repository.optional() }) },
    responses: { ...absent('deletionNotFound'), 200: json('All that went in the deletion.', groupSchema) },
  }),
  restore: createRoute({
    method: 'post',
    path: '/bin/restore',
    operationId: 'restoreDeleted',
    summary: 'Restores from the recycle bin',
    description: 'Brings back a deletion, a manifest with what went along with it, or one tag.',
    request: body(wantedContent),
    responses: {
      ...absent('deletionNotFound', 'manifestNotFound', 'tagNotFound'),
      200: json('What came back.', restoredSchema),
    },
  }),
  purge: createRoute({
    method: 'post',
    path: '/bin/purge',
    operationId: 'purgeDeletion',
    summary: 'Purges a deletion for good',
    description: 'Purges a deletion now, so that it cannot be restored any more.',
    request: body(purgeSchema),
    responses: {
      ...absent('deletionNotFound'),
      ...conflicting('countChanged'),
      200: json('What is gone for good.', purgedSchema),
    },
  }),
};

export type BinEntry = z.infer<typeof entrySchema>;

export function entryOf(document: BinnedDocument | BinnedTag): BinEntry {
  const {
    repository,
    digest,
    dueAt,
    recycled: { group, recycledAt, by, asked },
  } = document;
  const deletion = {
    group,
    recycledAt,
    purgeAt: dueAt,
    by: { actor: by.actor, ...defined({ rule: by.rule }) },
    asked,
  };
  if (document.type === 'binned-tag') return { kind: 'tag', repository, digest, tag: document.name, ...deletion };
  return {
    kind: 'manifest',
    repository,
    digest,
    mediaType: document.mediaType,
    size: sumOfBytes([document.size, ...document.references.map(sizeOf)]),
    ...deletion,
  };
}
