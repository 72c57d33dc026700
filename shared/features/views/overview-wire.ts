import { createRoute, z } from '@hono/zod-openapi';
import { json } from '../../core/http/management.ts';
import { bytes, count, text, time } from './wire.ts';

const parts = [
  'counts',
  'bytes',
  'quota',
  'activity',
  'webhooks',
  'replication',
  'builds',
  'purge',
  'held',
  'bin',
  'recentPushes',
] as const;
export type OverviewPart = (typeof parts)[number];

const storedWire = {
  counts: z
    .object({
      repositories: count('The number of repositories.'),
      tags: count('The number of tags.'),
      manifests: count('The number of manifests.'),
      isExact: z.boolean().openapi({ description: 'False if tags and manifests are those of the last survey.' }),
    })
    .optional()
    .openapi({ description: 'The numbers of what is stored.' }),
  bytes: z
    .object({
      stored: bytes('All bytes in Blob Storage.'),
      unique: bytes('The bytes that one repository alone needs.'),
      shared: bytes('The bytes that several repositories need.'),
      recycled: bytes('The bytes that only the recycle bin needs.'),
      unneeded: bytes('The bytes that nothing needs, until they are collected.'),
      measuredAt: time('The time of the survey that measured them.'),
    })
    .optional()
    .openapi({ description: 'The bytes by the last survey; absent before the first.' }),
  quota: z
    .object({
      limitBytes: bytes('The bytes that may be stored.'),
      usedBytes: bytes('The bytes that are stored.'),
      share: z.number().nonnegative().openapi({ description: 'The used share of the quota, 1 when it is full.' }),
      fullAt: time('The time at which the quota is full at the present growth.').optional(),
    })
    .optional()
    .openapi({ description: 'The quota and its forecast; absent before the first survey.' }),
  activity: z
    .array(
      z.object({
        day: z.string().openapi({ format: 'date', description: 'The day in UTC.' }),
        pulls: count('The number of pulls of manifests that day.'),
        pushes: count('The number of pushes of manifests that day.'),
      }),
    )
    .optional()
    .openapi({ description: 'The pulls and pushes of the last 30 days, the oldest first.' }),
};

const healthWire = {
  webhooks: z
    .object({
      total: count('The number of webhooks.'),
      failing: z
        .array(
          z.object({
            name: text('The name of the webhook.'),
            since: time('The time since which its receiver fails.').optional(),
            reason: text('The last failure of its receiver.').optional(),
            nextAttemptAt: time('The time of the next attempt, if one is due.').optional(),
          }),
        )
        .openapi({ description: 'The webhooks whose receivers fail, at most 10.' }),
      latest: z
        .array(
          z.object({
            name: text('The name of the webhook.'),
            state: z
              .enum(['working', 'failing', 'off'])
              .openapi({ description: 'The state of its receiver; off if the webhook is disabled.' }),
            at: time(
              'The time of the last attempt to deliver its newest event; absent before there was one.',
            ).optional(),
            status: text('The state of that delivery, as in delivered.').optional(),
          }),
        )
        .openapi({ description: 'The first webhooks by their names, at most 10, each with its last delivery.' }),
    })
    .optional()
    .openapi({ description: 'The health of the webhooks.' }),
  replication: z
    .object({
      regions: z
        .array(
          z.object({
            region: text('The name of the region.'),
            state: z
              .enum(['ready', 'behind', 'paused', 'removing'])
              .openapi({ description: 'The state of its replica.' }),
            missing: count('The number of images that it still lacks, at most 100 are counted.').optional(),
            lagSeconds: count('The seconds for which the oldest of them waits.').optional(),
          }),
        )
        .openapi({ description: 'The regions that get copies, at most 10.' }),
    })
    .optional()
    .openapi({ description: 'The state of the regions.' }),
  builds: z
    .object({
      running: count('The number of builds under way.'),
      queued: count('The number of updates that wait for a build.'),
      failed: z
        .array(
          z.object({
            id: text('The id of the build.'),
            image: text('The image that failed, or the base that the build follows.'),
            finishedAt: time('The time at which the build ended.'),
            reason: text('The reason of the first failure.').optional(),
          }),
        )
        .openapi({ description: 'The last builds of which an image failed, at most 10.' }),
    })
    .optional()
    .openapi({ description: 'The state of the builds.' }),
};

const removalWire = {
  purge: z
    .object({
      awaitingApproval: z
        .array(
          z.object({
            policy: text('The name of the purge policy.'),
            removes: count('The number of manifests and tags that its plan removes.'),
            bytes: bytes('The bytes that the plan frees.').optional(),
            madeAt: time('The time at which the plan was made.'),
          }),
        )
        .openapi({ description: 'The plans that wait for an approval, at most 10.' }),
    })
    .optional()
    .openapi({ description: 'The state of the purge policies.' }),
  held: z
    .object({ count: count('The number of images that policies hold, at most 100 are counted.') })
    .optional()
    .openapi({ description: 'The images that policies hold.' }),
  bin: z
    .object({
      entries: count('The number of entries, at most 100 are counted.'),
      bytes: bytes('The bytes that only the recycle bin needs, by the last survey.').optional(),
    })
    .optional()
    .openapi({ description: 'The content of the recycle bin.' }),
  recentPushes: z
    .array(
      z.object({
        repository: text('The repository that was pushed to.'),
        tag: text('The tag that was pushed, if there was one.').optional(),
        digest: text('The digest of the pushed manifest.'),
        at: time('The time of the push.'),
      }),
    )
    .optional()
    .openapi({ description: 'The last pushes of tags, the newest first, at most 10.' }),
};

const overviewSchema = z
  .object({
    registry: text('The name of the registry.'),
    ...storedWire,
    ...healthWire,
    ...removalWire,
    unavailable: z.array(z.enum(parts)).openapi({ description: 'The parts that could not be read, which are absent.' }),
  })
  .openapi('Overview', { description: 'The state of a registry at a glance.' });
export type Overview = z.infer<typeof overviewSchema>;

export const overviewRoute = createRoute({
  method: 'get',
  path: '/overview',
  operationId: 'getOverview',
  summary: 'Gets the state of the registry at a glance',
  description:
    'Gets counts, bytes, quota, activity, and what waits for somebody. A part that fails is left out and named.',
  responses: { 200: json('The overview of the registry.', overviewSchema) },
});
