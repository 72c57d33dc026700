import { createRoute, z } from '@hono/zod-openapi';
import type { BinnedDocument, BinnedTag } from '../../../core/documents/bin.ts';
import { defined } from '../../../core/documents/defined.ts';
import { tagSchema } from '../../../core/documents/names.ts';
import { sizeOf, sumOfBytes } from '../../../core/documents/references.ts';
import { absent, body, conflicting, json, pageOf, pageSchema, repositoryIn } from '../../../core/http/management.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import { retentionBounds } from '../soft-delete.ts';

const repository = repositoryIn('The repository of the deleted manifest or tag.');
const digest = z
  .string()
  .pipe(digestSchema)
  .openapi({ type: 'string', example: `sha256:${'2'.repeat(64)}`, description: 'The digest of a manifest.' });
const tag = z.string().pipe(tagSchema).openapi({ type: 'string', example: 'v1', description: 'The name of a tag.' });
const group = z
  .string()
  .min(1)
  .max(100)
  .openapi({ description: 'The id of one deletion, which all that it recycled has in common.', example: 'f1b6c2d4-…' });

export const binTag = { name: 'recycle bin', description: 'Lists, restores and purges what was deleted.' };

const settingsSchema = z
  .object({
    enabled: z.boolean().openapi({ description: 'True if deleted manifests and tags can be restored.' }),
    retentionDays: z.int().min(retentionBounds.min).max(retentionBounds.max).openapi({
      description:
        'The days from a deletion until it is purged. A change does not apply to what is in the recycle bin already.',
    }),
    restoreOnPull: z.boolean().openapi({
      description: 'True if a pull restores what a purge policy recycled. What a user deleted stays deleted.',
    }),
  })
  .openapi('SoftDelete', { description: 'The settings of the recycle bin.' });

const entrySchema = z
  .object({
    kind: z.enum(['manifest', 'tag']).openapi({ description: 'The kind of what was deleted.' }),
    repository: z.string().openapi({ description: 'The repository of the deleted manifest or tag.' }),
    digest: z
      .string()
      .openapi({ description: 'The digest of the manifest, or of the manifest at which the tag pointed.' }),
    tag: z.string().optional().openapi({ description: 'The name of the tag.' }),
    mediaType: z.string().optional().openapi({ description: 'The media type of the manifest.' }),
    size: z
      .int()
      .optional()
      .openapi({ description: 'The size of the manifest and of all that it references, in bytes.' }),
    group,
    recycledAt: z.string().openapi({ format: 'date-time', description: 'The time of the deletion.' }),
    purgeAt: z.string().openapi({ format: 'date-time', description: 'The time from which it is purged for good.' }),
    by: z
      .object({
        actor: z.string().openapi({ description: 'The identity that deleted it.' }),
        rule: z.string().optional().openapi({ description: 'The rule of a purge policy that recycled it.' }),
      })
      .openapi({ description: 'The identity, and the rule of a purge policy if there was one, that deleted it.' }),
    asked: z.boolean().openapi({
      description:
        'True if the request named it. Otherwise it was recycled along with something, and is restored along with it.',
    }),
  })
  .openapi('BinEntry', { description: 'A manifest or a tag in the recycle bin.' });

const listSchema = pageOf(entrySchema, 'The entries of the recycle bin, the oldest deletion first.')
  .extend({
    entries: z.array(entrySchema).openapi({
      deprecated: true,
      description: 'The same as `items`, by the name that it had before 0.2.',
    }),
  })
  .openapi('BinEntries', { description: 'A page of the recycle bin.' });

const deletionSchema = z
  .object({
    group,
    repository: z.string().openapi({ description: 'The repository of what was deleted.' }),
    recycledAt: z.string().openapi({ format: 'date-time', description: 'The time of its newest entry.' }),
    purgeAt: z.string().openapi({ format: 'date-time', description: 'The time from which it is purged for good.' }),
    by: entrySchema.shape.by,
    manifests: z.int().openapi({ description: 'The number of its manifests in the recycle bin.' }),
    tags: z.int().openapi({ description: 'The number of its tags in the recycle bin.' }),
    someTags: z.array(z.string()).openapi({ description: 'Some of these tags.' }),
    bytes: z.int().openapi({ description: 'The bytes of its manifests and of all that they reference.' }),
    isAtLeast: z
      .literal(true)
      .optional()
      .openapi({ description: 'True if it has so many entries that only a part of its bytes was counted.' }),
  })
  .openapi('BinDeletion', { description: 'All that one deletion has in the recycle bin.' });
export type BinDeletion = z.infer<typeof deletionSchema>;
const deletionsSchema = pageOf(
  deletionSchema,
  'The deletions, the newest first; a page may have less than its limit.',
).openapi('BinDeletions', { description: 'A page of deletions.' });

const wantedSchema = z
  .object({
    repository: repository.optional(),
    group: group.optional(),
    digest: digest.optional(),
    tag: tag.optional(),
  })
  .refine((wanted) => (wanted.group === undefined) !== (wanted.digest === undefined), {
    error: 'the body must have "group", or "repository" and "digest" with or without "tag"',
  })
  .refine((wanted) => wanted.group !== undefined || wanted.repository !== undefined, {
    error: 'a digest is restored in its repository: add it, as in { "repository": "team/app", "digest": "sha256:…" }',
  })
  .refine((wanted) => wanted.tag === undefined || wanted.digest !== undefined, {
    error: 'a tag is restored with its digest: add "digest"',
  });

const wantedContent = wantedSchema.openapi('BinRestoreContent', {
  description: 'The deletion, the manifest or the tag to restore.',
});
export type Wanted = z.infer<typeof wantedSchema>;

const restoredSchema = z
  .object({
    manifests: z.array(z.string()).openapi({ description: 'The digests of the restored manifests.' }),
    tags: z.array(z.string()).openapi({ description: 'The restored tags.' }),
    taken: z
      .array(z.string())
      .openapi({ description: 'Tags that stay in the recycle bin, because their names have other manifests by now.' }),
  })
  .openapi('BinRestored', { description: 'The restored manifests and tags.' });

const purgeSchema = z
  .object({
    repository: repository.optional(),
    group,
    count: z
      .int()
      .nonnegative()
      .openapi({
        description:
          'The number of entries of the deletion, as GET /bin/{group} returns it. It confirms that the ' +
          'caller knows what is purged.',
        example: 3,
      }),
  })
  .openapi('BinPurgeContent', { description: 'The deletion to purge, with its number of entries as a confirmation.' });
const groupSchema = z
  .object({
    items: z.array(entrySchema).openapi({ description: 'All manifests and tags of the deletion.' }),
    count: z.int().openapi({ description: 'The number of entries.' }),
  })
  .openapi('BinGroup', { description: 'The manifests and tags of one deletion.' });
const purgedSchema = z
  .object({
    manifests: z.int().openapi({ description: 'The number of purged manifests.' }),
    tags: z.int().openapi({ description: 'The number of purged tags.' }),
  })
  .openapi('BinPurged', { description: 'The numbers of what was purged for good.' });

export const routes = {
  readSettings: createRoute({
    method: 'get',
    path: '/soft-delete',
    operationId: 'getSoftDelete',
    summary: 'Gets the settings of the recycle bin',
    description: 'Gets whether, and for how many days, deleted manifests and tags can be restored.',
    responses: { 200: json('The settings of the recycle bin.', settingsSchema) },
  }),
  putSettings: createRoute({
    method: 'put',
    path: '/soft-delete',
    operationId: 'setSoftDelete',
    summary: 'Sets the settings of the recycle bin',
    description:
      'Sets whether, and for how many days, deleted manifests and tags can be restored. Other ' +
      'instances follow within seconds.',
    request: body(settingsSchema),
    responses: { 200: json('The settings as they are now.', settingsSchema) },
  }),
  list: createRoute({
    method: 'get',
    path: '/bin',
    operationId: 'listBin',
    summary: 'Lists the recycle bin',
    description: 'Lists the recycle bin of the registry, or of one repository, the oldest deletion first.',
    request: { query: pageSchema.extend({ repository: repository.optional() }) },
    responses: { 200: json('A page of the recycle bin.', listSchema) },
  }),
  deletions: createRoute({
    method: 'get',
    path: '/bin/deletions',
    operationId: 'listDeletions',
    summary: 'Lists the deletions in the recycle bin',
    description:
      'Lists what each deletion of the registry, or of one repository, has in the recycle bin, the newest deletion ' +
      'first. Each is in the list once, however many entries it has.',
    request: { query: pageSchema.extend({ repository: repository.optional() }) },
    responses: { 200: json('A page of deletions.', deletionsSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/bin/{group}',
    operationId: 'getDeletion',
    summary: 'Gets a deletion',
    description: 'Gets the manifests and tags that one deletion recycled.',
    request: { params: z.object({ group }), query: z.object({ repository: repository.optional() }) },
    responses: { ...absent('deletionNotFound'), 200: json('All manifests and tags of the deletion.', groupSchema) },
  }),
  restore: createRoute({
    method: 'post',
    path: '/bin/restore',
    operationId: 'restoreDeleted',
    summary: 'Restores from the recycle bin',
    description: 'Restores a deletion, a manifest with all that was recycled along with it, or one tag.',
    request: body(wantedContent),
    responses: {
      ...absent('deletionNotFound', 'manifestNotFound', 'tagNotFound'),
      200: json('The restored manifests and tags.', restoredSchema),
    },
  }),
  purge: createRoute({
    method: 'post',
    path: '/bin/purge',
    operationId: 'purgeDeletion',
    summary: 'Purges a deletion for good',
    description: 'Purges a deletion now. It cannot be restored any more.',
    request: body(purgeSchema),
    responses: {
      ...absent('deletionNotFound'),
      ...conflicting('countChanged'),
      200: json('The numbers of what was purged for good.', purgedSchema),
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
