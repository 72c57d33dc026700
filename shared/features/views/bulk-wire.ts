import { createRoute, z } from '@hono/zod-openapi';
import { tagSchema } from '../../core/documents/names.ts';
import { absent, body, conflicting, json, pageOf, pageSchema, repositoryIn } from '../../core/http/management.ts';
import { count, text, time } from './wire.ts';

export const bulkTag = {
  name: 'bulk deletions',
  description: 'Deletes many tags or manifests by one call, which goes on by itself and can be undone.',
};

const id = z.string().min(1).max(100).openapi({ description: 'The id of the bulk deletion.', example: 'f1b6c2d4-…' });

const whichSchema = z.object({
  repository: repositoryIn('The repository of what is deleted.'),
  tags: z
    .array(z.string().pipe(tagSchema).openapi({ type: 'string', example: 'v1', description: 'The name of a tag.' }))
    .min(1)
    .max(1_000)
    .optional()
    .openapi({ description: 'The names of the tags to delete, where they are picked one by one.' }),
  search: z.string().min(1).max(128).optional().openapi({
    example: 'pr-*',
    description: 'The beginning of the names of tags to delete, or a pattern in which * stands for any characters.',
  }),
  pushedBefore: z.iso.datetime().optional().openapi({
    description: 'Only what was last pushed before this time is deleted.',
    format: 'date-time',
  }),
  untagged: z.boolean().optional().openapi({
    description: 'True if manifests without a tag are deleted, and no tags. What an index lists stays.',
  }),
  expected: z.int().nonnegative().optional().openapi({
    example: 12,
    description: 'The number that a list showed as its total. If another number matches by now, nothing is deleted.',
  }),
});

const bulkContent = whichSchema
  .refine(
    ({ tags, search, pushedBefore, untagged }) =>
      tags !== undefined || search !== undefined || pushedBefore !== undefined || untagged === true,
    { error: 'name what is to be deleted: add "tags", "search", "pushedBefore" or "untagged"' },
  )
  .refine(({ tags, search, untagged }) => untagged !== true || (tags === undefined && search === undefined), {
    error: '"untagged" is about manifests without a tag: leave "tags" and "search" out',
  })
  .refine(({ tags, search }) => tags === undefined || search === undefined, {
    error: '"tags" and "search" exclude each other: send one of them',
  })
  .openapi('BulkDeletionContent', { description: 'What a bulk deletion deletes.' });
export type BulkContent = z.infer<typeof bulkContent>;

const undoSchema = z
  .object({
    state: z.enum(['running', 'done', 'failed']).openapi({
      description: 'The state of the undoing. Of one that failed the reason says why; asked again, it goes on.',
    }),
    manifests: count('The number of restored manifests.'),
    tags: count('The number of restored tags.'),
    taken: z.array(z.string()).openapi({
      description: 'Tags that stay in the recycle bin, because their names have other manifests by now; at most 100.',
    }),
  })
  .openapi('BulkDeletionUndo', { description: 'How far a bulk deletion is undone.' });

const bulkStates = ['running', 'done', 'failed', 'cancelled'] as const;

const bulkSchema = z
  .object({
    id,
    repository: text('The repository of what is deleted.'),
    state: z.enum(bulkStates).openapi({ description: 'The state of the bulk deletion.' }),
    matched: count('The number of tags or manifests that matched when it began.'),
    deleted: count('The number of them that are deleted so far.'),
    kept: z
      .array(
        z.object({
          tag: text('The name of a tag that stays.').optional(),
          digest: text('The digest of a manifest that stays.').optional(),
          why: text('The reason why it stays, in words.'),
        }),
      )
      .openapi({ description: 'What stays although it matched, at most 100 of them.' }),
    keptCount: count('The number of all that stays although it matched.'),
    group: text('The id of the deletion in the recycle bin.').optional(),
    undo: undoSchema.optional(),
    reason: text('The reason why it failed.').optional(),
    by: text('The identity that began it.'),
    createdAt: time('The time at which it began.'),
    finishedAt: time('The time at which it ended.').optional(),
  })
  .openapi('BulkDeletion', { description: 'A deletion of many tags or manifests.' });
export type BulkOnWire = z.infer<typeof bulkSchema>;

const params = z.object({ id });

export const bulkRoutes = {
  create: createRoute({
    method: 'post',
    path: '/bulk-deletions',
    operationId: 'createBulkDeletion',
    summary: 'Deletes all that matches',
    description: 'Begins to delete tags, or manifests without one. It goes on by itself until it is done or cancelled.',
    request: body(bulkContent),
    responses: {
      ...absent('repositoryNotFound'),
      ...conflicting('countChanged', 'tooManyToCount'),
      202: json('The bulk deletion has begun.', bulkSchema),
    },
  }),
  list: createRoute({
    method: 'get',
    path: '/bulk-deletions',
    operationId: 'listBulkDeletions',
    summary: 'Lists the bulk deletions',
    description: 'Lists the bulk deletions of the last 90 days, the newest first.',
    request: { query: pageSchema },
    responses: {
      200: json(
        'A page of bulk deletions.',
        pageOf(bulkSchema, 'The bulk deletions, the newest first.').openapi('BulkDeletions', {
          description: 'A page of bulk deletions.',
        }),
      ),
    },
  }),
  read: createRoute({
    method: 'get',
    path: '/bulk-deletions/{id}',
    operationId: 'getBulkDeletion',
    summary: 'Gets a bulk deletion',
    description: 'Gets how far a bulk deletion is.',
    request: { params },
    responses: { ...absent('bulkDeletionNotFound'), 200: json('The bulk deletion as it is now.', bulkSchema) },
  }),
  cancel: createRoute({
    method: 'post',
    path: '/bulk-deletions/{id}/cancel',
    operationId: 'cancelBulkDeletion',
    summary: 'Cancels a bulk deletion',
    description: 'Cancels a bulk deletion. What it has deleted by then stays in the recycle bin until it is undone.',
    request: { params },
    responses: {
      ...absent('bulkDeletionNotFound'),
      ...conflicting('bulkDeletionEnded'),
      200: json('The bulk deletion is cancelled.', bulkSchema),
    },
  }),
  undo: createRoute({
    method: 'post',
    path: '/bulk-deletions/{id}/undo',
    operationId: 'undoBulkDeletion',
    summary: 'Undoes a bulk deletion',
    description:
      'Restores all that a bulk deletion has deleted, as far as it is in the recycle bin. It goes on by itself.',
    request: { params },
    responses: {
      ...absent('bulkDeletionNotFound'),
      ...conflicting('bulkDeletionRunning'),
      202: json('The bulk deletion is being undone, which goes on by itself.', bulkSchema),
    },
  }),
};
