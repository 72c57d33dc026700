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
import { secretNameSchema } from '../tasks/documents.ts';
import { sources } from '../upstream/notified.ts';
import { doorQuery, imageSchema, ownSecret, text, time } from './shapes.ts';

export const basesTag = {
  name: 'bases',
  description: 'What images are built on, and other registries that are watched.',
};

const evidence = z.object({
  evidence: text('What says so: a Dockerfile, an annotation, provenance or layers.'),
  confidence: z.number().openapi({ description: 'How sure that is, from 0 to 1.' }),
  baseDigest: text('The digest of the base that it was built on.').optional(),
  layers: z.int().optional().openapi({ description: 'How many layers it has of the base.' }),
});
const found = z.array(evidence).openapi({ description: 'What says that it is built on it.' });
const baseSchema = z.object({ image: text('The base, as a Dockerfile names it.'), found });
const dependentSchema = z.object({
  image: text('The image that is built on it.'),
  digest: text('The digest of that image.').optional(),
  found,
});
const basesSchema = z
  .object({
    image: text('The image that was asked about.'),
    bases: z.array(baseSchema).openapi({ description: 'What it is built on.' }),
    refused: z
      .array(
        z.object({
          base: text('The base that is not followed.'),
          path: z.array(z.string()).openapi({ description: 'The images by which it leads back to itself.' }),
        }),
      )
      .openapi({ description: 'What would close a circle.' }),
    items: z.array(dependentSchema).openapi({ description: 'A page of what is built on it.' }),
    ...nextLinkSchema,
  })
  .openapi('Bases', { description: 'What an image is built on, and a page of what is built on it.' });

export interface Tree {
  readonly image: string;
  readonly dependents: readonly Tree[];
}
const treeSchema: z.ZodType<Tree> = z
  .lazy(() =>
    z.object({
      image: text('The image, as repository:tag.'),
      dependents: z.array(treeSchema).openapi({ description: 'What is built on it.' }),
    }),
  )
  .openapi('DependentsTree', { type: 'object', description: 'An image, and everything that is built on it.' });

const watchedSchema = z
  .object({ watched: z.int().openapi({ description: 'How many of the images are bases here.' }) })
  .openapi('BasesNotified', { description: 'What is looked at because of a notification.' });

const sourceParams = z.object({
  source: z.enum(sources).openapi({ description: 'The kind of registry that notifies.' }),
});
const sourceContent = z
  .strictObject({ secret: ownSecret('A secret of your own; absent, one is made.') })
  .openapi('BaseSourceContent', { description: 'The secret by which a registry may notify.' });
const sourceSchema = z
  .object({ source: text('The kind of registry that notifies.'), createdAt: time('When its secret was made.') })
  .openapi('BaseSource', { description: 'A registry that may notify; its secret is not shown.' });
const sourceSecret = z
  .object({
    source: text('The kind of registry that notifies.'),
    secret: text('The secret: this is the only time that it is shown.'),
  })
  .openapi('NewBaseSource', { description: 'The secret by which a registry may notify.' });
const sourcesSchema = pageOf(sourceSchema, 'Sources in the order of their names.').openapi('BaseSources', {
  description: 'A page of registries that may notify.',
});

const hostSchema = z
  .string()
  .max(300)
  .regex(/^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/, 'must be a host, with its port if it has one');
const hostParams = z.object({
  host: hostSchema.toLowerCase().openapi({ description: 'The host of a registry.', example: 'ghcr.io' }),
});
const loginShape = {
  username: z.string().min(1).max(200).optional().openapi({ description: 'The user that this registry is there.' }),
  secret: secretNameSchema.optional().openapi({ description: "The name of the vault's secret with the password." }),
  realm: hostSchema.toLowerCase().optional().openapi({ description: 'The host of a token service of its own.' }),
};
const loginSettings = z
  .strictObject(loginShape)
  .refine(
    ({ username, secret }) => (username === undefined) === (secret === undefined),
    'must have both username and secret, or none of them: then it is asked as nobody in particular',
  )
  .openapi('UpstreamContent', { description: 'Who this registry is at another one.' });
const upstreamSchema = z
  .object({ host: text('The host of the registry.'), ...loginShape })
  .openapi('Upstream', { description: 'Another registry whose tags are looked at; no password is shown.' });
const upstreamsSchema = pageOf(upstreamSchema, 'Upstreams in the order of their hosts.').openapi('Upstreams', {
  description: 'A page of other registries.',
});

const imageQuery = z.object({ image: imageSchema });

export const baseRoutes = {
  bases: createRoute({
    method: 'get',
    path: '/bases',
    operationId: 'listBases',
    summary: 'Lists what an image is built on',
    description: 'Lists what an image is built on, and what is built on it.',
    request: { query: pageSchema.extend({ image: imageSchema }) },
    responses: { ...absent('imageNotFound'), 200: json('The bases, and a page of what is built on it.', basesSchema) },
  }),
  tree: createRoute({
    method: 'get',
    path: '/bases/tree',
    operationId: 'getDependents',
    summary: 'Gets all that is built on an image',
    description: 'Gets everything that is built on an image, and on that: each image once, at most 1,000.',
    request: { query: imageQuery },
    responses: { ...absent('imageNotFound'), 200: json('The images, near ones above.', treeSchema) },
  }),
  notify: createRoute({
    method: 'post',
    path: '/bases/notify/{source}',
    operationId: 'notifyBases',
    summary: 'Tells of a push to another registry',
    description: 'Another registry tells that something was pushed to it, so it is looked at now.',
    security: inboundSecurity,
    request: {
      params: sourceParams,
      query: doorQuery,
      body: {
        required: false,
        content: {
          'application/vnd.docker.distribution.events.v1+json': {
            schema: z.unknown().openapi({ type: 'object', description: 'What that registry posts.' }),
          },
        },
      },
    },
    responses: { 202: json('How many of the images are bases here.', watchedSchema) },
  }),
  sources: createRoute({
    method: 'get',
    path: '/bases/sources',
    operationId: 'listBaseSources',
    summary: 'Lists the registries that may notify',
    description: 'Lists which registries may notify by a secret of their own; the secrets are not shown.',
    request: { query: pageSchema },
    responses: { 200: json('A page of sources.', sourcesSchema) },
  }),
  source: createRoute({
    method: 'get',
    path: '/bases/sources/{source}',
    operationId: 'getBaseSource',
    summary: 'Gets a registry that may notify',
    description: 'Gets since when a registry may notify by a secret of its own; the secret is not shown.',
    request: { params: sourceParams },
    responses: { ...absent('baseSourceNotFound'), 200: json('The source, without its secret.', sourceSchema) },
  }),
  putSource: createRoute({
    method: 'put',
    path: '/bases/sources/{source}',
    operationId: 'putBaseSource',
    summary: 'Lets a registry notify',
    description: 'Makes the secret by which a registry may notify without other credentials, or takes the given one.',
    request: { params: sourceParams, ...body(sourceContent) },
    responses: {
      ...conflicting('sealingKeyMissing'),
      200: json('The secret was replaced: this is the only time that it is shown.', sourceSecret),
      201: json('The secret was made: this is the only time that it is shown.', sourceSecret),
    },
  }),
  deleteSource: createRoute({
    method: 'delete',
    path: '/bases/sources/{source}',
    operationId: 'deleteBaseSource',
    summary: 'Lets a registry notify no longer',
    description: 'Takes back the secret by which a registry may notify.',
    request: { params: sourceParams },
    responses: { ...absent('baseSourceNotFound'), 204: { description: 'The secret proves nothing any more.' } },
  }),
  upstreams: createRoute({
    method: 'get',
    path: '/bases/upstreams',
    operationId: 'listUpstreams',
    summary: 'Lists the other registries',
    description: 'Lists other registries whose tags are looked at, and who this one is there.',
    request: { query: pageSchema },
    responses: { 200: json('A page of other registries.', upstreamsSchema) },
  }),
  upstream: createRoute({
    method: 'get',
    path: '/bases/upstreams/{host}',
    operationId: 'getUpstream',
    summary: 'Gets another registry',
    description: 'Gets who this registry is at another one, without the password.',
    request: { params: hostParams },
    responses: { ...absent('upstreamNotFound'), 200: json('The other registry.', upstreamSchema) },
  }),
  putUpstream: createRoute({
    method: 'put',
    path: '/bases/upstreams/{host}',
    operationId: 'putUpstream',
    summary: 'Creates or replaces another registry',
    description: 'Lists another registry, whose tags are looked at, and says who this one is there.',
    request: { params: hostParams, ...body(loginSettings) },
    responses: {
      200: json('The other registry was replaced.', upstreamSchema),
      201: json('The other registry was listed.', upstreamSchema),
    },
  }),
  deleteUpstream: createRoute({
    method: 'delete',
    path: '/bases/upstreams/{host}',
    operationId: 'deleteUpstream',
    summary: 'Deletes another registry',
    description: 'Forgets who this registry is at another one, and looks at its tags no longer.',
    request: { params: hostParams },
    responses: { ...absent('upstreamNotFound'), 204: { description: 'The other registry was deleted.' } },
  }),
};
