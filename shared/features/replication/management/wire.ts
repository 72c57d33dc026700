import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { tagSchema } from '../../../core/documents/names.ts';
import { describable } from '../../../core/http/describable.ts';
import {
  absent,
  body,
  conflicting,
  json,
  pageOf,
  pageSchema,
  repositoryIn,
  timesSchema,
} from '../../../core/http/management.ts';
import { changeOf } from '../../../core/http/merge-patch.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { Replica, Walk } from '../documents.ts';
import { replicaSettingsSchema } from '../documents.ts';

const repository = repositoryIn('The name of a repository.');
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

export const replicationTag = { name: 'replication', description: 'Manages the regions to which images are copied.' };

const walkSchema = z.object({
  why: z.enum(['added', 'changed', 'reconcile']).openapi({ description: 'The reason for it.' }),
  startedAt: time('The time at which it began.'),
  endedAt: time('The time at which it ended.').optional(),
  repository: z.string().optional().openapi({ description: 'The repository, if it is about one alone.' }),
  images: number('The number of checked images.'),
  planned: number('The number of images of which something was missing.'),
  repaired: number('The number of copies that were missing, or had another size.'),
});

const settingsSchema = describable(replicaSettingsSchema).openapi('ReplicationSettings', {
  description: 'The images that a region gets, and how they are copied.',
});
const changeSchema = changeOf(replicaSettingsSchema.shape).openapi('ReplicationChange', {
  description: 'The changes of the settings: an absent property stays as it is, null sets its default.',
});

export const replicaSchema = z
  .object({
    region: z.string().openapi({ description: 'The name of the region.' }),
    status: z.enum(['active', 'paused', 'removing']).openapi({ description: 'The state of the region.' }),
    settings: settingsSchema,
    walk: walkSchema.optional().openapi({ description: 'The check of all stored images that is under way.' }),
    walked: walkSchema.optional().openapi({ description: 'The check of all stored images before that.' }),
    removed: z
      .object({
        since: time('The time at which emptying began.'),
        blobs: number('The number of dropped copies.'),
        bytes: number('The bytes of the dropped copies.'),
        waiting: number('The number of copies that must be copied elsewhere first.'),
      })
      .optional()
      .openapi({ description: 'The progress of emptying the region.' }),
    ...timesSchema,
  })
  .openapi('Replication', { description: 'A region to which images are copied, with its progress.' });

const listSchema = pageOf(replicaSchema, 'Replications in the order of their regions.')
  .extend({ regions: z.array(z.string()).openapi({ description: 'All regions of the deployment.' }) })
  .openapi('Replications', { description: 'A page of replications, and all regions of the deployment.' });
const begunSchema = z
  .object({ items: z.array(replicaSchema).openapi({ description: 'The replications that are checked.' }) })
  .openapi('ReplicationsBegun', { description: 'The scope of the check.' });

const imageSchema = z
  .object({
    digest: z.string().openapi({ description: 'The digest of the image.' }),
    regions: z
      .array(
        z.object({
          region: z.string().openapi({ description: 'The name of the region.' }),
          state: z
            .enum(['complete', 'copying', 'queued', 'failing', 'paused', 'filtered', 'not replicated'])
            .openapi({ description: 'The state of the image in the region.' }),
          bytes: number('The bytes of all its blobs.'),
          bytesDone: number('The number of its blobs that are there.'),
          queuedAt: time('The time at which its copy was planned.').optional(),
          verifiedAt: time('The time at which its copy was verified.').optional(),
          error: z.string().optional().openapi({ description: 'The failure of the last attempt.' }),
          nextTry: time('The time of the next attempt.').optional(),
        }),
      )
      .openapi({ description: 'The state by region.' }),
  })
  .openapi('ReplicationStatus', { description: 'The state of an image in each region.' });

const regionTotalsSchema = z
  .object({
    items: z
      .array(
        z
          .object({
            region: z.string().openapi({ description: 'The name of the region.' }),
            isHere: z.boolean().openapi({ description: 'True for the region that answers.' }),
            state: z
              .enum(['active', 'paused', 'removing', 'not replicated'])
              .openapi({ description: 'The state of the region.' }),
            queued: z
              .object({
                images: number('The number of images that wait for their copies.'),
                bytes: number('The bytes of these images, of which a part may be there already.'),
                isAtLeast: z
                  .literal(true)
                  .optional()
                  .openapi({ description: 'True if the counting stopped, so that more images wait.' }),
                oldestAt: time('The time since which the oldest of them waits.').optional(),
              })
              .openapi({ description: 'The images that wait for their copies.' }),
            lag: z
              .object({
                p50Seconds: z.number().openapi({ description: 'The seconds within which half of them were there.' }),
                p99Seconds: z.number().openapi({ description: 'The seconds within which 99 of 100 were there.' }),
                images: number('The number of images that this is about.'),
              })
              .optional()
              .openapi({
                description: 'The time that the images took that were copied last; absent if there are none.',
              }),
          })
          .openapi('ReplicationRegion', { description: 'A region with what it waits for.' }),
      )
      .openapi({ description: 'All regions of the deployment in the order of their names.' }),
  })
  .openapi('ReplicationRegions', { description: 'The state of every region as a whole.' });

const wantedImage = z
  .object({ repository, tag: tag.optional(), digest: digest.optional() })
  .refine((wanted) => (wanted.tag === undefined) !== (wanted.digest === undefined), {
    error: 'the query must have "tag" or "digest"',
  });
const reconcileSchema = z
  .strictObject({ region: regionSchema.optional(), repository: repository.optional() })
  .openapi('ReconcileContent', { description: 'The repository to check; without one, everything.' });

const inPath = { params: z.object({ region: regionSchema }) };

export const routes = {
  list: createRoute({
    method: 'get',
    path: '/replications',
    operationId: 'listReplications',
    summary: 'Lists the replications',
    description: 'Lists the regions to which images are copied, with their progress.',
    request: { query: pageSchema },
    responses: { 200: json('A page of replications.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/replications/{region}',
    operationId: 'getReplication',
    summary: 'Gets a replication',
    description: 'Gets one region to which images are copied, with its progress.',
    request: inPath,
    responses: { ...absent('replicationNotFound'), 200: json('The requested replication.', replicaSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/replications/{region}',
    operationId: 'putReplication',
    summary: 'Creates or replaces a replication',
    description: 'Adds a region, or replaces its settings. Existing images are copied.',
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
    description: 'Begins to empty a region. Blobs that no other region has are copied elsewhere first.',
    request: inPath,
    responses: {
      ...absent('replicationNotFound'),
      ...conflicting('lastRegion'),
      202: json('The region is being emptied; the replication is deleted after that.', replicaSchema),
    },
  }),
  regions: createRoute({
    method: 'get',
    path: '/replication/regions',
    operationId: 'listReplicationRegions',
    summary: 'Lists the regions with what they wait for',
    description: 'Lists all regions of the deployment, each with the images that wait for it and its lag.',
    responses: { 200: json('The regions, each as a whole.', regionTotalsSchema) },
  }),
  status: createRoute({
    method: 'get',
    path: '/replication/status',
    operationId: 'getReplicationStatus',
    summary: 'Gets the state of an image',
    description: 'Gets the state of an image in each region.',
    request: { query: wantedImage },
    responses: { ...absent('manifestNotFound'), 200: json('The state of the image by region.', imageSchema) },
  }),
  reconcile: createRoute({
    method: 'post',
    path: '/replication/reconcile',
    operationId: 'reconcileReplication',
    summary: 'Checks and repairs the copies',
    description: 'Checks the copies of all images, or of one repository, and repairs those that are missing or wrong.',
    request: body(reconcileSchema),
    responses: {
      ...absent('replicationNotFound', 'repositoryNotFound'),
      202: json('The check begins within a minute; the replications show its progress.', begunSchema),
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
