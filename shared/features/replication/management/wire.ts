import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { repositorySchema, tagSchema } from '../../../core/documents/names.ts';
import { absent, body, conflicting, json, pageOf, pageSchema, timesSchema } from '../../../core/http/management.ts';
import { changeOf } from '../../../core/http/merge-patch.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { Replica, Walk } from '../documents.ts';
import { replicaSettingsSchema } from '../documents.ts';

const repository = z
  .string()
  .pipe(repositorySchema)
  .openapi({ type: 'string', example: 'team/app', description: 'The name of a repository.' });
const digest = z
  .string()
  .pipe(digestSchema)
  .openapi({ type: 'string', example: `sha256:${'2'.repeat(64)}`, description: 'The digest of a manifest.' });
const tag = z.string().pipe(tagSchema).openapi({ type: 'string', example: 'v1', description: 'The name of a tag.' });
export const regionSchema = z
  .string()
  .min(1)
  .max(40)
  .openapi({ example: 'northeurope', description: 'The name of a region.' });
const time = (description: string) => z.string().openapi({ format: 'date-time', description });
const number = (description: string) => z.int().openapi({ description });

export const replicationTag = { name: 'replication', description: 'The regions that images are copied to.' };

const walkSchema = z.object({
  why: z.enum(['added', 'changed', 'reconcile']).openapi({ description: 'What it was begun for.' }),
  startedAt: time('When it began.'),
  endedAt: time('When it ended.').optional(),
  repository: z.string().optional().openapi({ description: 'The one repository that it is about.' }),
  images: number('How many images it has seen.'),
  planned: number('Of how many something was missing.'),
  repaired: number('How many copies were not there, or had another size.'),
});

const settingsSchema = replicaSettingsSchema.openapi('ReplicationSettings', {
  description: 'What a region gets, and how it is copied.',
});
const changeSchema = changeOf(replicaSettingsSchema.shape).openapi('ReplicationChange', {
  description: 'What of the settings is to change: what is absent stays, null goes back to the default.',
});

export const replicaSchema = z
  .object({
    region: z.string().openapi({ description: 'The name of the region.' }),
    status: z.enum(['active', 'paused', 'removing']).openapi({ description: 'Whether images are copied to it.' }),
    settings: settingsSchema,
    walk: walkSchema.optional().openapi({ description: 'The look through what is stored that is under way.' }),
    walked: walkSchema.optional().openapi({ description: 'The look through what is stored before that.' }),
    removed: z
      .object({
        since: time('When it began to be emptied.'),
        blobs: number('How many copies are forgotten.'),
        bytes: number('How many bytes these have.'),
        waiting: number('How many must be copied elsewhere first.'),
      })
      .optional()
      .openapi({ description: 'How far the region is emptied.' }),
    ...timesSchema,
  })
  .openapi('Replication', { description: 'A region that images are copied to, and how far it is.' });

const listSchema = pageOf(replicaSchema, 'Replications in the order of their regions.')
  .extend({ regions: z.array(z.string()).openapi({ description: 'All regions of the deployment.' }) })
  .openapi('Replications', { description: 'A page of replications, and the regions that there are.' });
const begunSchema = z
  .object({ items: z.array(replicaSchema).openapi({ description: 'The replications that are looked through.' }) })
  .openapi('ReplicationsBegun', { description: 'What is looked through.' });

const imageSchema = z
  .object({
    digest: z.string().openapi({ description: 'The digest of the image.' }),
    regions: z
      .array(
        z.object({
          region: z.string().openapi({ description: 'The name of the region.' }),
          state: z
            .enum(['complete', 'copying', 'queued', 'failing', 'paused', 'filtered', 'not replicated'])
            .openapi({ description: 'How far the image is there.' }),
          bytes: number('The bytes of all its blobs.'),
          bytesDone: number('How many of them are there.'),
          queuedAt: time('When its copy was planned.').optional(),
          verifiedAt: time('When its copy was verified.').optional(),
          error: z.string().optional().openapi({ description: 'What the last attempt failed by.' }),
          nextTry: time('When it is tried again.').optional(),
        }),
      )
      .openapi({ description: 'How far it is, by region.' }),
  })
  .openapi('ReplicationStatus', { description: 'How far an image is in each region.' });

const wantedImage = z
  .object({ repository, tag: tag.optional(), digest: digest.optional() })
  .refine((wanted) => (wanted.tag === undefined) !== (wanted.digest === undefined), {
    error: 'name a tag or a digest',
  });
const reconcileSchema = z
  .strictObject({ region: regionSchema.optional(), repository: repository.optional() })
  .openapi('ReconcileContent', { description: 'What is to be looked through; with nothing, everything.' });

const inPath = { params: z.object({ region: regionSchema }) };

export const routes = {
  list: createRoute({
    method: 'get',
    path: '/replications',
    operationId: 'listReplications',
    summary: 'Lists the replications',
    description: 'Lists the regions that images are copied to, and how far each is.',
    request: { query: pageSchema },
    responses: { 200: json('A page of replications.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/replications/{region}',
    operationId: 'getReplication',
    summary: 'Gets a replication',
    description: 'Gets one region that images are copied to, and how far it is.',
    request: inPath,
    responses: { ...absent('replicationNotFound'), 200: json('The replication that was asked for.', replicaSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/replications/{region}',
    operationId: 'putReplication',
    summary: 'Creates or replaces a replication',
    description: 'Adds a region, or replaces its settings. What exists is copied.',
    request: { ...inPath, ...body(settingsSchema) },
    responses: {
      ...conflicting('replicationRemoving'),
      200: json('The replication was replaced.', replicaSchema),
      201: json('The replication was created.', replicaSchema),
    },
  }),
  patch: createRoute({
    method: 'patch',
    path: '/replications/{region}',
    operationId: 'updateReplication',
    summary: 'Changes a replication',
    description: 'Changes those settings of a replication that the body has.',
    request: { ...inPath, ...body(changeSchema) },
    responses: {
      ...absent('replicationNotFound'),
      ...conflicting('replicationRemoving'),
      200: json('The replication as it is now.', replicaSchema),
    },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/replications/{region}',
    operationId: 'deleteReplication',
    summary: 'Deletes a replication',
    description: 'Begins to empty a region. What it alone holds is copied elsewhere first.',
    request: inPath,
    responses: {
      ...absent('replicationNotFound'),
      ...conflicting('lastRegion'),
      202: json('The region is being emptied; the replication is gone when it is.', replicaSchema),
    },
  }),
  status: createRoute({
    method: 'get',
    path: '/replication/status',
    operationId: 'getReplicationStatus',
    summary: 'Gets how far an image is',
    description: 'Gets how far an image is in each region.',
    request: { query: wantedImage },
    responses: { ...absent('manifestNotFound'), 200: json('How far the image is, by region.', imageSchema) },
  }),
  reconcile: createRoute({
    method: 'post',
    path: '/replication/reconcile',
    operationId: 'reconcileReplication',
    summary: 'Repairs what has drifted',
    description: 'Looks through everything, or one repository, and repairs what has drifted.',
    request: body(reconcileSchema),
    responses: {
      ...absent('replicationNotFound', 'repositoryNotFound'),
      202: json('It begins within a minute; the replications say how far it is.', begunSchema),
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
    ...defined({
      walk: walk === undefined ? undefined : showWalk(walk),
      walked: walked === undefined ? undefined : { ...showWalk(walked), endedAt: walked.endedAt },
      removed: draining,
    }),
    createdAt,
    updatedAt,
  };
}

function showWalk({ why, startedAt, repository: of, images, planned, repaired }: Walk): z.infer<typeof walkSchema> {
  return { why, startedAt, ...defined({ repository: of }), images, planned, repaired };
}
