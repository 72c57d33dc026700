import { createRoute, z } from '@hono/zod-openapi';
import type { BinnedDocument, BinnedTag } from '../../../core/documents/bin.ts';
import { repositorySchema, tagSchema } from '../../../core/documents/names.ts';
import { sizeOf, sumOfBytes } from '../../../core/documents/references.ts';
import { body, json, pageSchema, refusals } from '../../../core/http/management.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import { retentionBounds } from '../soft-delete.ts';

const repository = z.string().pipe(repositorySchema).openapi({ type: 'string', example: 'team/app' });
const digest = z
  .string()
  .pipe(digestSchema)
  .openapi({ type: 'string', example: `sha256:${'2'.repeat(64)}` });
const tag = z.string().pipe(tagSchema).openapi({ type: 'string', example: 'v1' });
const group = z.string().min(1).max(100).openapi({ description: 'The id of one deletion: what went together.' });

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
  .openapi('SoftDelete');

const entrySchema = z
  .object({
    kind: z.enum(['manifest', 'tag']),
    repository: z.string(),
    digest: z.string(),
    tag: z.string().optional(),
    mediaType: z.string().optional(),
    size: z.int().optional().openapi({ description: 'Of the manifest and of all that it references, in bytes.' }),
    group,
    recycledAt: z.string().openapi({ format: 'date-time' }),
    purgeAt: z.string().openapi({ format: 'date-time' }),
    by: z.object({ actor: z.string(), rule: z.string().optional() }),
    asked: z.boolean().openapi({
      description: 'It was named itself; otherwise it went along with something, and comes back along with it.',
    }),
  })
  .openapi('BinEntry');

const listSchema = z.object({ entries: z.array(entrySchema), continuation: z.string().optional() });

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

export type Wanted = z.infer<typeof wantedSchema>;

const restoredSchema = z.object({
  manifests: z.array(z.string()),
  tags: z.array(z.string()),
  taken: z
    .array(z.string())
    .openapi({ description: 'Tags that stay in the bin: their names have other manifests by now.' }),
});

const purgeSchema = z.object({
  repository: repository.optional(),
  group,
  items: z.int().nonnegative().openapi({
    description: 'How many entries the group has, as GET /bin/{group} says: that is the question whether you are sure.',
  }),
});

export const routes = {
  readSettings: createRoute({
    method: 'get',
    path: '/soft-delete',
    summary: 'How long what is deleted is kept',
    responses: { ...refusals, 200: json('The settings.', settingsSchema) },
  }),
  putSettings: createRoute({
    method: 'put',
    path: '/soft-delete',
    summary: 'Sets how long what is deleted is kept',
    request: body(settingsSchema),
    responses: { ...refusals, 200: json('So it is; other instances follow within seconds.', settingsSchema) },
  }),
  list: createRoute({
    method: 'get',
    path: '/bin',
    summary: 'What is in the recycle bin, by the time of deletion',
    request: { query: pageSchema.extend({ repository: repository.optional() }) },
    responses: { ...refusals, 200: json('A page.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/bin/{group}',
    summary: 'What went in one deletion',
    request: { params: z.object({ group }), query: z.object({ repository: repository.optional() }) },
    responses: { ...refusals, 200: json('All of it.', z.object({ entries: z.array(entrySchema), items: z.int() })) },
  }),
  restore: createRoute({
    method: 'post',
    path: '/bin/restore',
    summary: 'Brings back a deletion, a manifest with what went along with it, or one tag',
    request: body(wantedSchema),
    responses: { ...refusals, 200: json('What came back.', restoredSchema) },
  }),
  purge: createRoute({
    method: 'post',
    path: '/bin/purge',
    summary: 'Purges a deletion now, for good',
    request: body(purgeSchema),
    responses: { ...refusals, 200: json('What is gone.', z.object({ manifests: z.int(), tags: z.int() })) },
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
    by: { actor: by.actor, ...(by.rule === undefined ? {} : { rule: by.rule }) },
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
