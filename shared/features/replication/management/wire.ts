import { createRoute, z } from '@hono/zod-openapi';
import { repositorySchema, tagSchema } from '../../../core/documents/names.ts';
import { body, json, refusals } from '../../../core/http/management.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { Replica, Walk } from '../documents.ts';
import { replicaSettingsSchema } from '../documents.ts';

const repository = z.string().pipe(repositorySchema).openapi({ type: 'string', example: 'team/app' });
const digest = z
  .string()
  .pipe(digestSchema)
  .openapi({ type: 'string', example: `sha256:${'2'.repeat(64)}` });
const tag = z.string().pipe(tagSchema).openapi({ type: 'string', example: 'v1' });
const region = z.string().min(1).max(40).openapi({ example: 'northeurope' });
const time = z.string().openapi({ format: 'date-time' });

const walkSchema = z.object({
  why: z.enum(['added', 'changed', 'reconcile']),
  startedAt: time,
  endedAt: time.optional(),
  repository: z.string().optional(),
  images: z.int(),
  planned: z.int(),
  repaired: z.int(),
});

const settingsSchema = replicaSettingsSchema.openapi('ReplicaSettings');

const replicaSchema = z
  .object({
    region: z.string(),
    status: z.enum(['active', 'paused', 'removing']),
    settings: settingsSchema,
    walk: walkSchema.optional().openapi({ description: 'The look through what is stored that is under way.' }),
    walked: walkSchema.optional().openapi({ description: 'The one before.' }),
    removed: z.object({ since: time, blobs: z.int(), bytes: z.int(), waiting: z.int() }).optional().openapi({
      description: 'How far the region is emptied: forgotten copies, and those that must be copied elsewhere first.',
    }),
    createdAt: time,
    updatedAt: time,
  })
  .openapi('Replica');

const imageSchema = z
  .object({
    digest: z.string(),
    regions: z.array(
      z.object({
        region: z.string(),
        state: z.enum(['complete', 'copying', 'queued', 'failing', 'paused', 'filtered', 'not replicated']),
        bytes: z.int(),
        bytesDone: z.int(),
        queuedAt: time.optional(),
        verifiedAt: time.optional(),
        error: z.string().optional(),
        nextTry: time.optional(),
      }),
    ),
  })
  .openapi('ReplicationStatus');

const wantedImage = z
  .object({ repository, tag: tag.optional(), digest: digest.optional() })
  .refine((wanted) => (wanted.tag === undefined) !== (wanted.digest === undefined), {
    error: 'name a tag or a digest',
  });
const reconcileSchema = z.strictObject({ region: region.optional(), repository: repository.optional() });

export const routes = {
  list: createRoute({
    method: 'get',
    path: '/replicas',
    summary: 'The regions that images are copied to',
    responses: {
      ...refusals,
      200: json('All of them.', z.object({ regions: z.array(z.string()), replicas: z.array(replicaSchema) })),
    },
  }),
  read: createRoute({
    method: 'get',
    path: '/replicas/{region}',
    summary: 'One of them, and how far it is',
    request: { params: z.object({ region }) },
    responses: { ...refusals, 200: json('It.', replicaSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/replicas/{region}',
    summary: 'Adds a region, or changes its settings: what exists is copied',
    request: { params: z.object({ region }), ...body(settingsSchema) },
    responses: { ...refusals, 200: json('So it is.', replicaSchema) },
  }),
  patch: createRoute({
    method: 'patch',
    path: '/replicas/{region}',
    summary: "Changes some of a replica's settings",
    request: { params: z.object({ region }), ...body(z.record(z.string(), z.unknown())) },
    responses: { ...refusals, 200: json('So it is.', replicaSchema) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/replicas/{region}',
    summary: 'Begins to empty a region',
    request: { params: z.object({ region }) },
    responses: { ...refusals, 202: json('It is being emptied; gone when it is.', replicaSchema) },
  }),
  status: createRoute({
    method: 'get',
    path: '/replication/status',
    summary: 'How far an image is in each region',
    request: { query: wantedImage },
    responses: { ...refusals, 200: json('By region.', imageSchema) },
  }),
  reconcile: createRoute({
    method: 'post',
    path: '/replication/reconcile',
    summary: 'Looks through everything, or one repository, and repairs what has drifted',
    request: body(reconcileSchema),
    responses: {
      ...refusals,
      202: json(
        'It begins within a minute; the replicas say how far it is.',
        z.object({ replicas: z.array(replicaSchema) }),
      ),
    },
  }),
};

export function showReplica({
  region: name,
  settings,
  walk,
  walked,
  draining,
  createdAt,
  updatedAt,
}: Replica): z.infer<typeof replicaSchema> {
  const status = draining !== undefined ? 'removing' : settings.paused ? 'paused' : 'active';
  return {
    region: name,
    status,
    settings,
    ...(walk === undefined ? {} : { walk: showWalk(walk) }),
    ...(walked === undefined ? {} : { walked: { ...showWalk(walked), endedAt: walked.endedAt } }),
    ...(draining === undefined ? {} : { removed: draining }),
    createdAt,
    updatedAt,
  };
}

function showWalk({ why, startedAt, repository: of, images, planned, repaired }: Walk): z.infer<typeof walkSchema> {
  return { why, startedAt, ...(of === undefined ? {} : { repository: of }), images, planned, repaired };
}
