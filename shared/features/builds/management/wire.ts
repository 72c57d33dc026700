import { createRoute, z } from '@hono/zod-openapi';
import { body, json, pageSchema, refusals, timesSchema } from '../../../core/http/management.ts';
import { callbackSchema } from '../elsewhere/callback.ts';
import { reasons } from '../explain.ts';
import { policyNameSchema, policySettingsSchema } from '../plan/policies.ts';
import { secretNameSchema } from '../tasks/documents.ts';
import { sources } from '../upstream/notified.ts';

const image = z.string().min(1).max(400).openapi({ example: 'team/app:v1' });
const time = z.string().openapi({ format: 'date-time' });

const evidence = z.object({
  evidence: z.string(),
  confidence: z.number(),
  baseDigest: z.string().optional(),
  layers: z.int().optional(),
});
const baseSchema = z.object({ image: z.string(), found: z.array(evidence) });
const basesSchema = z
  .object({
    image: z.string(),
    bases: z.array(baseSchema).openapi({ description: 'What it is built on.' }),
    refused: z
      .array(z.object({ base: z.string(), path: z.array(z.string()) }))
      .openapi({ description: 'What would close a circle.' }),
    dependents: z
      .array(z.object({ image: z.string(), digest: z.string().optional(), found: z.array(evidence) }))
      .openapi({ description: 'What is built on it.' }),
    continuation: z.string().optional(),
  })
  .openapi('Bases');

export interface Tree {
  readonly image: string;
  readonly dependents: readonly Tree[];
}
const treeSchema: z.ZodType<Tree> = z
  .lazy(() => z.object({ image: z.string(), dependents: z.array(treeSchema) }))
  .openapi('DependentsTree', { type: 'object' });

const policySchema = z
  .object({ name: z.string(), ...policySettingsSchema.shape, ...timesSchema })
  .openapi('BuildPolicy');
const settingsSchema = z.strictObject(policySettingsSchema.shape).openapi('BuildPolicySettings');

const buildSchema = z
  .object({
    id: z.string(),
    state: z.enum(['planning', 'running', 'finished']),
    updates: z.array(
      z.object({
        image: z.string(),
        digest: z.string().optional(),
        task: z.string().optional(),
        retries: z.string().optional().openapi({ description: 'The build whose failed images are made again.' }),
        previousDigest: z.string().optional(),
        updatedAt: time,
      }),
    ),
    images: z.int(),
    counts: z
      .object({ succeeded: z.int(), same: z.int(), notified: z.int(), failed: z.int(), stopped: z.int() })
      .optional(),
    createdAt: time,
    cancelledAt: time.optional(),
    endedAt: time.optional(),
  })
  .openapi('Build');

const nodeSchema = z
  .object({
    image: z.string(),
    state: z.enum(['waiting', 'ready', 'running', 'succeeded', 'same', 'notified', 'failed', 'stopped']),
    mode: z.string(),
    by: z.string(),
    bases: z.array(z.string()),
    waitsFor: z.array(z.string()),
    level: z.int(),
    digestBefore: z.string().optional(),
    digest: z.string().optional(),
    conflicts: z.array(z.string()).optional(),
    because: z.string().optional(),
    startedAt: time.optional(),
    endedAt: time.optional(),
  })
  .openapi('BuildImage');

const remoteJob = z
  .object({
    type: z.literal('build'),
    id: z.string().openapi({ description: 'The same each time that it is given.' }),
    build: z.string(),
    image: z.string(),
    repository: z.string(),
    context: z.union([
      z.object({ git: z.string(), commit: z.string(), folder: z.string() }),
      z.object({ archive: z.string() }),
    ]),
    dockerfile: z.string(),
    target: z.string().optional(),
    arguments: z.record(z.string(), z.string()),
    pins: z
      .record(z.string(), z.string())
      .optional()
      .openapi({ description: 'Digests of the Dockerfile, and what is to stand in their place.' }),
    platforms: z.array(z.string()).readonly(),
    timeoutSeconds: z.int(),
    claim: z.string(),
    login: z.object({ user: z.string(), password: z.string() }).optional(),
    callback: z.object({ url: z.string(), token: z.string() }),
  })
  .openapi('RemoteJob');

const explained = z
  .object({
    image: z.string(),
    base: z.string(),
    reason: z.enum(reasons),
    why: z.string(),
    build: z.string().optional(),
  })
  .openapi('BuildExplanation');

const params = z.object({ name: policyNameSchema });
const build = z.object({ build: z.uuid() });
const hostSchema = z
  .string()
  .max(300)
  .regex(/^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/, 'must be a host, with its port if it has one');
const hostParams = z.object({ host: hostSchema.toLowerCase() });
const loginSettings = z
  .strictObject({
    username: z.string().min(1).max(200).optional(),
    secret: secretNameSchema.optional(),
    realm: hostSchema.toLowerCase().optional(),
  })
  .refine(
    ({ username, secret }) => (username === undefined) === (secret === undefined),
    'must have both username and secret, or none of them: then it is asked as nobody in particular',
  );
/** For senders that can be given a URL alone, and no header. */
export const doorQuery = z.object({
  token: z
    .string()
    .max(1_000)
    .optional()
    .openapi({ description: 'The secret that proves the sender, where no header can carry it.' }),
});

const sourceParams = z.object({ source: z.enum(sources) });

export const routes = {
  bases: createRoute({
    method: 'get',
    path: '/bases',
    summary: 'What an image is built on, and what is built on it',
    request: { query: pageSchema.extend({ image }) },
    responses: { ...refusals, 200: json('Both.', basesSchema) },
  }),
  tree: createRoute({
    method: 'get',
    path: '/bases/tree',
    summary: 'Everything that is built on an image, and on that',
    request: { query: z.object({ image }) },
    responses: { ...refusals, 200: json('Each image once, where it is met first; at most 1,000.', treeSchema) },
  }),
  notify: createRoute({
    method: 'post',
    path: '/bases/notify/{source}',
    summary: 'Another registry says that something was pushed to it: it is looked at now',
    request: {
      params: sourceParams,
      query: doorQuery,
      body: {
        required: false,
        content: {
          'application/vnd.docker.distribution.events.v1+json': { schema: z.unknown().openapi({ type: 'object' }) },
        },
      },
    },
    responses: { ...refusals, 202: json('How many of the images are bases here.', z.object({ watched: z.int() })) },
  }),
  putSource: createRoute({
    method: 'put',
    path: '/bases/sources/{source}',
    summary: 'The secret by which a registry may notify without other credentials; made, unless one is given',
    request: { params: sourceParams, ...body(z.strictObject({ secret: z.string().min(16).max(200).optional() })) },
    responses: {
      ...refusals,
      200: json('It: this is the only time that it is shown.', z.object({ source: z.string(), secret: z.string() })),
    },
  }),
  deleteSource: createRoute({
    method: 'delete',
    path: '/bases/sources/{source}',
    summary: 'Takes that secret back',
    request: { params: sourceParams },
    responses: { ...refusals, 204: { description: 'It proves nothing any more.' } },
  }),
  putLogin: createRoute({
    method: 'put',
    path: '/bases/upstreams/{host}',
    summary: 'Lists another registry, whose tags are looked at, and who this one is there',
    request: { params: hostParams, ...body(loginSettings) },
    responses: { ...refusals, 200: json('So it is.', z.object({ host: z.string(), ...loginSettings.shape })) },
  }),
  deleteLogin: createRoute({
    method: 'delete',
    path: '/bases/upstreams/{host}',
    summary: 'Takes that back',
    request: { params: hostParams },
    responses: { ...refusals, 204: { description: 'It is gone.' } },
  }),
  policies: createRoute({
    method: 'get',
    path: '/builds/policies',
    summary: 'Which images follow their bases',
    responses: {
      ...refusals,
      200: json('By name: the first that an image is of counts.', z.object({ policies: z.array(policySchema) })),
    },
  }),
  putPolicy: createRoute({
    method: 'put',
    path: '/builds/policies/{name}',
    summary: 'Makes a policy, or changes it',
    request: { params, ...body(settingsSchema) },
    responses: { ...refusals, 200: json('So it is.', policySchema) },
  }),
  deletePolicy: createRoute({
    method: 'delete',
    path: '/builds/policies/{name}',
    summary: 'Removes a policy',
    request: { params },
    responses: { ...refusals, 204: { description: 'It is gone.' } },
  }),
  builds: createRoute({
    method: 'get',
    path: '/builds',
    summary: 'Builds, the newest first',
    request: { query: pageSchema },
    responses: {
      ...refusals,
      200: json('A page of them.', z.object({ builds: z.array(buildSchema), continuation: z.string().optional() })),
    },
  }),
  build: createRoute({
    method: 'get',
    path: '/builds/{build}',
    summary: 'A build, and its images',
    request: { params: build, query: pageSchema },
    responses: {
      ...refusals,
      200: json(
        'It, and a page of its images.',
        buildSchema.extend({ nodes: z.array(nodeSchema), continuation: z.string().optional() }),
      ),
    },
  }),
  cancel: createRoute({
    method: 'post',
    path: '/builds/{build}/cancel',
    summary: 'Makes nothing more of a build; tags that have not moved stay',
    request: { params: build },
    responses: {
      ...refusals,
      202: json('What is being made is stopped within seconds.', z.object({ build: z.string() })),
    },
  }),
  retry: createRoute({
    method: 'post',
    path: '/builds/{build}/retry',
    summary: 'Makes again what failed or stopped in a build',
    request: { params: build },
    responses: {
      ...refusals,
      202: json(
        'It is in line; where a build is named, that is under way.',
        z.object({ build: z.string().optional() }),
      ),
    },
  }),
  job: createRoute({
    method: 'post',
    path: '/builds/{build}/job',
    summary: "A runner elsewhere asks for what it was not told in public, by the secret of its task's hook",
    request: { params: build, query: doorQuery.extend({ image }) },
    responses: {
      ...refusals,
      200: json('The job, with credentials that are over at its deadline. 409: it is wanted no more.', remoteJob),
    },
  }),
  callback: createRoute({
    method: 'post',
    path: '/builds/{build}/callback',
    summary: 'A runner elsewhere tells of an image that it builds, by the token that it was given',
    request: {
      params: build,
      query: doorQuery.extend({ image }),
      ...body(callbackSchema.openapi('BuildCallback', { type: 'object' })),
    },
    responses: {
      ...refusals,
      202: json(
        'It is written down. 409: the image has ended, and whoever is still at work may stop.',
        z.object({ image: z.string(), state: z.string() }),
      ),
    },
  }),
  log: createRoute({
    method: 'get',
    path: '/builds/{build}/log',
    summary: 'What was printed while an image was built, as far as it is',
    request: {
      params: build,
      query: z.object({
        image,
        follow: z
          .literal('1')
          .optional()
          .openapi({ description: 'Until the image has ended, or some minutes are over.' }),
      }),
    },
    responses: { ...refusals, 200: { description: 'The text.', content: { 'text/plain': { schema: z.string() } } } },
  }),
  dryRun: createRoute({
    method: 'get',
    path: '/builds/dry-run',
    summary: 'What would be made anew if a base changed',
    request: { query: z.object({ base: image }) },
    responses: {
      ...refusals,
      200: json(
        'In this order.',
        z.object({
          base: z.string(),
          images: z.array(
            z.object({ image: z.string(), mode: z.string(), by: z.string(), after: z.array(z.string()) }),
          ),
        }),
      ),
    },
  }),
  explain: createRoute({
    method: 'get',
    path: '/builds/explain',
    summary: 'Why an image was, or was not, made anew when its base changed',
    request: { query: z.object({ image, base: image }) },
    responses: { ...refusals, 200: json('The reason.', explained) },
  }),
};
