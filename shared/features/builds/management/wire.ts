import { createRoute, z } from '@hono/zod-openapi';
import {
  absent,
  body,
  conflicting,
  inboundSecurity,
  json,
  nextLinkSchema,
  pageOf,
  pageSchema,
} from '../../../core/http/management.ts';
import { reasons } from '../explain.ts';
import { callbackSchema } from '../jobs/callback.ts';
import { doorQuery, imageSchema, text, time } from './shapes.ts';

export const buildsTag = {
  name: 'builds',
  description: 'Shows the builds that updates of bases and tasks begin, and manages their jobs.',
};

const number = (description: string) => z.int().openapi({ description });
const names = (description: string) => z.array(z.string()).openapi({ description });

const buildSchema = z
  .object({
    id: text('The id of the build.'),
    state: z.enum(['planning', 'running', 'finished']).openapi({ description: 'The state of the build.' }),
    updates: z
      .array(
        z.object({
          image: text('The image that was updated.'),
          digest: text('The digest that it has now.').optional(),
          task: text('The task that was run.').optional(),
          retries: text('The build whose failed images are built again.').optional(),
          previousDigest: text('The digest that it had before.').optional(),
          updatedAt: time('The time of the update.'),
        }),
      )
      .openapi({ description: 'The updates that began the build.' }),
    images: number('The number of its images.'),
    counts: z
      .object({
        succeeded: number('The number of built images.'),
        same: number('The number of images that were on the new base already.'),
        notified: number('The number of images for which only an event was published.'),
        failed: number('The number of failed images.'),
        stopped: number('The number of images that were not begun.'),
      })
      .optional()
      .openapi({ description: 'The numbers of images by their outcome.' }),
    createdAt: time('The time at which the build began.'),
    cancelledAt: time('The time at which it was cancelled.').optional(),
    endedAt: time('The time at which it ended.').optional(),
  })
  .openapi('Build', { description: 'A build of the images that follow from one update or more.' });

const nodeSchema = z
  .object({
    image: text('The image, as repository:tag.'),
    state: z
      .enum(['waiting', 'ready', 'running', 'succeeded', 'same', 'notified', 'failed', 'stopped'])
      .openapi({ description: 'The state of the image.' }),
    mode: text('The way in which it is built.'),
    by: text('The task or policy by which it is built.'),
    bases: names('The bases that were updated.'),
    waitsFor: names('The images that are built first.'),
    level: number('The number of images between it and the update.'),
    digestBefore: text('The digest that it had before.').optional(),
    digest: text('The digest that it has now.').optional(),
    conflicts: names('The settings that were kept from the image although the new base changes them.').optional(),
    because: text('The reason why it failed or was not begun.').optional(),
    startedAt: time('The time at which it began.').optional(),
    endedAt: time('The time at which it ended.').optional(),
  })
  .openapi('BuildImage', { description: 'A step of a build, which makes one image.' });
const listSchema = pageOf(buildSchema, 'Builds, the newest first.').openapi('Builds', {
  description: 'A page of builds.',
});
const wholeSchema = buildSchema
  .extend({ items: z.array(nodeSchema).openapi({ description: 'A page of its images.' }), ...nextLinkSchema })
  .openapi('BuildWithImages', { description: 'A build with a page of its images.' });

const remoteJob = z
  .object({
    type: z.literal('build').openapi({ description: 'The kind of the job.' }),
    id: text('The id of the job, the same at each request.'),
    build: text('The id of the build.'),
    image: text('The image that is to be built.'),
    repository: text('The repository to push it to.'),
    context: z
      .union([
        z.object({
          git: text('The URL of the repository.'),
          commit: text('The commit that is built.'),
          folder: text('The folder that is the context.'),
        }),
        z.object({ archive: text('The URL of a tar archive.') }),
      ])
      .openapi({ description: 'The build context.' }),
    dockerfile: text('The path of the Dockerfile in the context.'),
    target: text('The stage that is built.').optional(),
    arguments: z.record(z.string(), z.string()).openapi({ description: 'The build arguments, by name.' }),
    pins: z
      .record(z.string(), z.string())
      .optional()
      .openapi({ description: 'The digests in the Dockerfile with their replacements.' }),
    platforms: z.array(z.string()).readonly().openapi({ description: 'The platforms for which it is built.' }),
    timeoutSeconds: number('The seconds that it may take.'),
    claim: text('The URL at which the job can be requested again.'),
    login: z
      .object({ user: text('The user name.'), password: text('The password, which expires at the deadline.') })
      .optional()
      .openapi({ description: 'The credentials for the push of the image.' }),
    callback: z
      .object({ url: text('The URL for reports.'), token: text('The token that proves the runner.') })
      .openapi({ description: 'The URL and the token for reports.' }),
  })
  .openapi('RemoteJob', { description: 'A job: an image that an external runner builds.' });

const explained = z
  .object({
    image: text('The image, as repository:tag.'),
    base: text('The requested base.'),
    reason: z.enum(reasons).openapi({ description: 'The reason, for programs.' }),
    why: text('The reason, in words.'),
    build: text('The id of the build that has it.').optional(),
  })
  .openapi('BuildExplanation', { description: 'The reason why an image was, or was not, built again.' });
const dryRunSchema = z
  .object({
    base: text('The requested base.'),
    items: z
      .array(
        z.object({
          image: text('The image that would be built.'),
          mode: text('The way in which it would be built.'),
          by: text('The task or policy by which it would be built.'),
          after: names('The images that would be built first.'),
        }),
      )
      .openapi({ description: 'The images that would be built, in this order.' }),
  })
  .openapi('BuildDryRun', { description: 'The images that would be built if a base changed.' });

const begunSchema = (name: string, description: string) =>
  z
    .object({ build: text('The build; absent while it waits for another one to end.').optional() })
    .openapi(name, { description });
const cancelledSchema = z
  .object({ build: text('The id of the build.') })
  .openapi('BuildCancelled', { description: 'The build that was cancelled.' });
const reportSchema = z
  .object({ image: text('The image, as repository:tag.'), state: text('The reported state.') })
  .openapi('BuildReport', { description: 'The report that was stored.' });

const params = z.object({ build: z.uuid().openapi({ description: 'The id of a build.' }) });
const ofImage = doorQuery.extend({ image: imageSchema });

export const routes = {
  builds: createRoute({
    method: 'get',
    path: '/builds',
    operationId: 'listBuilds',
    summary: 'Lists the builds',
    description: 'Lists the builds of the registry, the newest first.',
    request: { query: pageSchema },
    responses: { 200: json('A page of builds.', listSchema) },
  }),
  build: createRoute({
    method: 'get',
    path: '/builds/{build}',
    operationId: 'getBuild',
    summary: 'Gets a build',
    description: 'Gets one build with a page of its images.',
    request: { params, query: pageSchema },
    responses: { ...absent('buildNotFound'), 200: json('The build with a page of its images.', wholeSchema) },
  }),
  cancel: createRoute({
    method: 'post',
    path: '/builds/{build}/cancel',
    operationId: 'cancelBuild',
    summary: 'Cancels a build',
    description: 'Cancels a build. Tags that have not moved stay where they are.',
    request: { params },
    responses: {
      ...absent('buildNotFound'),
      ...conflicting('buildEnded'),
      202: json('The build is cancelled; running steps are stopped within seconds.', cancelledSchema),
    },
  }),
  retry: createRoute({
    method: 'post',
    path: '/builds/{build}/retry',
    operationId: 'retryBuild',
    summary: 'Retries a build',
    description: 'Begins a new build of the images that failed or were not built in a build.',
    request: { params },
    responses: {
      ...absent('buildNotFound'),
      ...conflicting('buildNotEnded', 'nothingFailed'),
      202: json('The new build is in the queue.', begunSchema('BuildRetried', 'The new build.')),
    },
  }),
  job: createRoute({
    method: 'post',
    path: '/builds/{build}/job',
    operationId: 'claimBuildJob',
    summary: 'Gives a runner its job',
    description: "Gives an external runner the secret parts of its job, for the claim secret of its task's hook.",
    security: inboundSecurity,
    request: { params, query: ofImage },
    responses: {
      ...absent('jobNotFound'),
      ...conflicting('imageEnded', 'jobKeyGone'),
      200: json('The job, with credentials that expire at its deadline.', remoteJob),
    },
  }),
  callback: createRoute({
    method: 'post',
    path: '/builds/{build}/callback',
    operationId: 'reportBuild',
    summary: 'Reports the state of an image',
    description: 'Receives the report of an external runner on an image that it builds, with the token of its job.',
    security: inboundSecurity,
    request: {
      params,
      query: ofImage,
      ...body(
        callbackSchema.openapi('BuildCallback', {
          type: 'object',
          description: 'The state of an image, as a runner reports it.',
        }),
      ),
    },
    responses: {
      ...absent('jobNotFound'),
      ...conflicting('imageEnded', 'jobReplaced', 'outcomeKnown'),
      202: json('The report was stored.', reportSchema),
    },
  }),
  log: createRoute({
    method: 'get',
    path: '/builds/{build}/log',
    operationId: 'getBuildLog',
    summary: 'Gets the log of an image',
    description: 'Gets the output of the build of an image, as far as there is any.',
    request: {
      params,
      query: z.object({
        image: imageSchema,
        follow: z
          .literal('1')
          .optional()
          .openapi({ description: 'Waits for further output until the image has ended, or for some minutes.' }),
        after: z
          .string()
          .max(100)
          .optional()
          .openapi({
            description:
              'Gives what was printed after this cursor, and the next cursor in X-Longshore-Log-Cursor; empty, from the ' +
              'beginning. It does not wait.',
            example: '1.4.-1',
          }),
      }),
    },
    responses: {
      ...absent('imageNotFound'),
      200: {
        description: 'The log as text.',
        headers: z.object({
          'X-Longshore-Log-Cursor': z.string().optional().openapi({
            description: 'With `after`: the cursor behind this text, for the next request.',
          }),
          'X-Longshore-Log-Ended': z
            .literal('true')
            .optional()
            .openapi({ description: 'With `after`: nothing will follow this text.' }),
        }),
        content: { 'text/plain': { schema: z.string() } },
      },
    },
  }),
  dryRun: createRoute({
    method: 'get',
    path: '/builds/dry-run',
    operationId: 'dryRunBuild',
    summary: 'Plans the builds of an update',
    description: 'Plans which images would be built again if a base changed, and builds nothing.',
    request: { query: z.object({ base: imageSchema }) },
    responses: { ...absent('imageNotFound'), 200: json('The images that would be built.', dryRunSchema) },
  }),
  explain: createRoute({
    method: 'get',
    path: '/builds/explain',
    operationId: 'explainBuild',
    summary: 'Explains why an image was built or not',
    description: 'Explains why an image was, or was not, built again when its base changed.',
    request: { query: z.object({ image: imageSchema, base: imageSchema }) },
    responses: { 200: json('The reason, in a word and in a sentence.', explained) },
  }),
};
