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
import { callbackSchema } from '../elsewhere/callback.ts';
import { reasons } from '../explain.ts';
import { doorQuery, imageSchema, text, time } from './shapes.ts';

export const buildsTag = { name: 'builds', description: 'What is built because a base or a task changed.' };

const number = (description: string) => z.int().openapi({ description });
const names = (description: string) => z.array(z.string()).openapi({ description });

const buildSchema = z
  .object({
    id: text('The id of the build.'),
    state: z.enum(['planning', 'running', 'finished']).openapi({ description: 'How far the build is.' }),
    updates: z
      .array(
        z.object({
          image: text('The image that was updated.'),
          digest: text('The digest that it has now.').optional(),
          task: text('The task that was run.').optional(),
          retries: text('The build whose failed images are made again.').optional(),
          previousDigest: text('The digest that it had before.').optional(),
          updatedAt: time('When it was updated.'),
        }),
      )
      .openapi({ description: 'What the build was begun for.' }),
    images: number('How many images it is to make.'),
    counts: z
      .object({
        succeeded: number('How many were made.'),
        same: number('How many were on the new base already.'),
        notified: number('How many were told of by an event.'),
        failed: number('How many failed.'),
        stopped: number('How many were not begun.'),
      })
      .optional()
      .openapi({ description: 'What became of the images.' }),
    createdAt: time('When the build began.'),
    cancelledAt: time('When it was cancelled.').optional(),
    endedAt: time('When it ended.').optional(),
  })
  .openapi('Build', { description: 'What is built because of one update or more.' });

const nodeSchema = z
  .object({
    image: text('The image, as repository:tag.'),
    state: z
      .enum(['waiting', 'ready', 'running', 'succeeded', 'same', 'notified', 'failed', 'stopped'])
      .openapi({ description: 'How far the image is.' }),
    mode: text('How it is made.'),
    by: text('The task or policy that has it made.'),
    bases: names('The bases that were updated.'),
    waitsFor: names('The images that are made first.'),
    level: number('How many images stand between it and the update.'),
    digestBefore: text('The digest that it had before.').optional(),
    digest: text('The digest that it has now.').optional(),
    conflicts: names('What was kept of the image, against the new base.').optional(),
    because: text('Why it failed or was not begun.').optional(),
    startedAt: time('When it was begun.').optional(),
    endedAt: time('When it ended.').optional(),
  })
  .openapi('BuildImage', { description: 'An image that a build makes.' });
const listSchema = pageOf(buildSchema, 'Builds, the newest first.').openapi('Builds', {
  description: 'A page of builds.',
});
const wholeSchema = buildSchema
  .extend({ items: z.array(nodeSchema).openapi({ description: 'A page of its images.' }), ...nextLinkSchema })
  .openapi('BuildWithImages', { description: 'A build with a page of its images.' });

const remoteJob = z
  .object({
    type: z.literal('build').openapi({ description: 'What is to be done.' }),
    id: text('The id of the job: the same each time that it is given.'),
    build: text('The id of the build.'),
    image: text('The image that is to be built.'),
    repository: text('Where it is to be pushed to.'),
    context: z
      .union([
        z.object({
          git: text('The URL of the repository.'),
          commit: text('The commit that is built.'),
          folder: text('The folder that is the context.'),
        }),
        z.object({ archive: text('The URL of a tar archive.') }),
      ])
      .openapi({ description: 'What is built.' }),
    dockerfile: text('The path of the Dockerfile in the context.'),
    target: text('The stage that is built.').optional(),
    arguments: z.record(z.string(), z.string()).openapi({ description: 'The build arguments, by name.' }),
    pins: z
      .record(z.string(), z.string())
      .optional()
      .openapi({ description: 'Digests of the Dockerfile, and what is to stand in their place.' }),
    platforms: z.array(z.string()).readonly().openapi({ description: 'For which platforms it is built.' }),
    timeoutSeconds: number('How long it may take, in seconds.'),
    claim: text('Where the job can be asked for again.'),
    login: z
      .object({ user: text('The user name.'), password: text('The password, which is over at the deadline.') })
      .optional()
      .openapi({ description: 'Who may push the image.' }),
    callback: z
      .object({ url: text('Where to tell how far it is.'), token: text('The token that proves the runner.') })
      .openapi({ description: 'How to tell how far it is.' }),
  })
  .openapi('RemoteJob', { description: 'An image that a runner elsewhere is to build.' });

const explained = z
  .object({
    image: text('The image, as repository:tag.'),
    base: text('The base that was asked about.'),
    reason: z.enum(reasons).openapi({ description: 'The reason, for programs.' }),
    why: text('The reason, in words.'),
    build: text('The build that has it.').optional(),
  })
  .openapi('BuildExplanation', { description: 'Why an image was, or was not, built again.' });
const dryRunSchema = z
  .object({
    base: text('The base that was asked about.'),
    items: z
      .array(
        z.object({
          image: text('The image that would be built.'),
          mode: text('How it would be built.'),
          by: text('The task or policy that has it built.'),
          after: names('The images that would be built first.'),
        }),
      )
      .openapi({ description: 'What would be built, in this order.' }),
  })
  .openapi('BuildDryRun', { description: 'What would be built if a base changed.' });

const begunSchema = (name: string, description: string) =>
  z
    .object({ build: text('The build; absent while it waits for the end of another.').optional() })
    .openapi(name, { description });
const cancelledSchema = z
  .object({ build: text('The id of the build.') })
  .openapi('BuildCancelled', { description: 'The build that was cancelled.' });
const toldSchema = z
  .object({ image: text('The image, as repository:tag.'), state: text('What was told of it.') })
  .openapi('BuildTold', { description: 'What was written down.' });

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
    description: 'Makes nothing more of a build. Tags that have not moved stay.',
    request: { params },
    responses: {
      ...absent('buildNotFound'),
      ...conflicting('buildEnded'),
      202: json('What is being made is stopped within seconds.', cancelledSchema),
    },
  }),
  retry: createRoute({
    method: 'post',
    path: '/builds/{build}/retry',
    operationId: 'retryBuild',
    summary: 'Retries a build',
    description: 'Makes again what failed or stopped in a build.',
    request: { params },
    responses: {
      ...absent('buildNotFound'),
      ...conflicting('buildNotEnded', 'nothingFailed'),
      202: json('It is in line.', begunSchema('BuildRetried', 'The build that makes it again.')),
    },
  }),
  job: createRoute({
    method: 'post',
    path: '/builds/{build}/job',
    operationId: 'claimBuildJob',
    summary: 'Gives a runner its job',
    description: "A runner elsewhere asks for what it was not told in public, by the claim secret of its task's hook.",
    security: inboundSecurity,
    request: { params, query: ofImage },
    responses: {
      ...absent('jobNotFound'),
      ...conflicting('imageEnded', 'jobKeyGone'),
      200: json('The job, with credentials that are over at its deadline.', remoteJob),
    },
  }),
  callback: createRoute({
    method: 'post',
    path: '/builds/{build}/callback',
    operationId: 'tellBuild',
    summary: 'Tells how far an image is',
    description: 'A runner elsewhere tells of an image that it builds, by the token that it was given.',
    security: inboundSecurity,
    request: {
      params,
      query: ofImage,
      ...body(
        callbackSchema.openapi('BuildCallback', {
          type: 'object',
          description: 'How far an image is, as a runner tells.',
        }),
      ),
    },
    responses: {
      ...absent('jobNotFound'),
      ...conflicting('imageEnded', 'jobReplaced', 'outcomeKnown'),
      202: json('It is written down.', toldSchema),
    },
  }),
  log: createRoute({
    method: 'get',
    path: '/builds/{build}/log',
    operationId: 'getBuildLog',
    summary: 'Gets the log of an image',
    description: 'Gets what was printed while an image was built, as far as it is.',
    request: {
      params,
      query: z.object({
        image: imageSchema,
        follow: z
          .literal('1')
          .optional()
          .openapi({ description: 'Until the image has ended, or some minutes are over.' }),
      }),
    },
    responses: {
      ...absent('imageNotFound'),
      200: { description: 'The log as text.', content: { 'text/plain': { schema: z.string() } } },
    },
  }),
  dryRun: createRoute({
    method: 'get',
    path: '/builds/dry-run',
    operationId: 'dryRunBuild',
    summary: 'Says what an update would build',
    description: 'Says what would be built again if a base changed, and builds nothing.',
    request: { query: z.object({ base: imageSchema }) },
    responses: { ...absent('imageNotFound'), 200: json('What would be built.', dryRunSchema) },
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
