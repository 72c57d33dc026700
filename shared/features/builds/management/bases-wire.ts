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
  description: 'Shows the bases and dependents of images, and manages the upstreams that are watched.',
};

const evidence = z.object({
  evidence: text('The kind of evidence: a Dockerfile, an annotation, provenance or layers.'),
  confidence: z.number().openapi({ description: 'The confidence, from 0 to 1.' }),
  baseDigest: text('The digest of the base on which it was built.').optional(),
  layers: z.int().optional().openapi({ description: 'The number of layers that it has of the base.' }),
});
const found = z.array(evidence).openapi({ description: 'The evidence that it is built on it.' });
const isCurrent = z.boolean().optional().openapi({
  description: 'False if the tag of the base points elsewhere than when it was built; absent if not known.',
});
const baseSchema = z.object({ image: text('The base as a Dockerfile names it.'), isCurrent, found });
const dependentSchema = z.object({
  image: text('The image that is built on it.'),
  digest: text('The digest of that image.').optional(),
  found,
});
const basesSchema = z
  .object({
    image: text('The requested image.'),
    bases: z.array(baseSchema).openapi({ description: 'The bases of the image.' }),
    refused: z
      .array(
        z.object({
          base: text('The base that is not followed.'),
          path: z.array(z.string()).openapi({ description: 'The images by which it would depend on itself.' }),
        }),
      )
      .openapi({ description: 'The bases that are not followed, because the image would depend on itself.' }),
    items: z.array(dependentSchema).openapi({ description: 'A page of the images that are built on it.' }),
    ...nextLinkSchema,
  })
  .openapi('Bases', { description: 'The bases of an image, and a page of its dependents.' });

export interface Tree {
  readonly image: string;
  readonly isCurrent?: boolean | undefined;
  readonly dependents: readonly Tree[];
}
const treeSchema: z.ZodType<Tree> = z
  .lazy(() =>
    z.object({
      image: text('The image, as repository:tag.'),
      isCurrent,
      dependents: z.array(treeSchema).openapi({ description: 'The images that are built on it.' }),
    }),
  )
  .openapi('DependentsTree', {
    type: 'object',
    description: 'An image, and everything that is built on it.',
    // The schema names itself, which no generator of documents does alone: clients would get an object without properties.
    properties: {
      image: { type: 'string', description: 'The image, as repository:tag.' },
      isCurrent: {
        type: 'boolean',
        description:
          'False if the tag of the image above it points elsewhere than when it was built; absent if not known.',
      },
      dependents: {
        type: 'array',
        description: 'The images that are built on it.',
        items: { $ref: '#/components/schemas/DependentsTree' },
      },
    },
    required: ['image', 'dependents'],
  });

const watchedSchema = z
  .object({
    watched: z.int().openapi({ description: 'The number of the images in the notification that are bases here.' }),
  })
  .openapi('BasesNotified', { description: 'The effect of a notification.' });

const sourceParams = z.object({
  source: z.enum(sources).openapi({ description: 'The kind of registry that notifies.' }),
});
const sourceContent = z
  .strictObject({ secret: ownSecret('A secret of your own; absent, the registry makes one.') })
  .openapi('BaseSourceContent', { description: 'The secret by which a registry may notify.' });
const sourceSchema = z
  .object({
    source: text('The kind of registry that notifies.'),
    createdAt: time('The time at which its secret was created.'),
  })
  .openapi('BaseSource', { description: 'A registry that may notify; its secret is not shown.' });
const sourceSecret = z
  .object({
    source: text('The kind of registry that notifies.'),
    secret: text('The secret, which is shown only in this answer.'),
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
  username: z.string().min(1).max(200).optional().openapi({ description: 'The user name of this registry there.' }),
  secret: secretNameSchema.optional().openapi({ description: "The name of the vault's secret with the password." }),
  realm: hostSchema
    .toLowerCase()
    .optional()
    .openapi({ description: "The host of the upstream's token service, if it is another one." }),
};
const loginSettings = z
  .strictObject(loginShape)
  .refine(
    ({ username, secret }) => (username === undefined) === (secret === undefined),
    'must have both username and secret, or neither: then the upstream is asked without credentials',
  )
  .openapi('UpstreamContent', { description: 'The credentials of this registry at an upstream.' });
const upstreamSchema = z
  .object({ host: text('The host of the registry.'), ...loginShape })
  .openapi('Upstream', { description: 'An upstream whose tags are watched, without its password.' });
const upstreamsSchema = pageOf(upstreamSchema, 'Upstreams in the order of their hosts.').openapi('Upstreams', {
  description: 'A page of upstreams.',
});

const imageQuery = z.object({ image: imageSchema });

export const baseRoutes = {
  bases: createRoute({
    method: 'get',
    path: '/bases',
    operationId: 'listBases',
    summary: 'Lists the bases of an image',
    description: 'Lists the bases of an image, and its dependents.',
    request: { query: pageSchema.extend({ image: imageSchema }) },
    responses: { ...absent('imageNotFound'), 200: json('The bases, and a page of the dependents.', basesSchema) },
  }),
  tree: createRoute({
    method: 'get',
    path: '/bases/tree',
    operationId: 'getDependents',
    summary: 'Gets all dependents of an image',
    description: 'Gets all images that are built on an image, directly or not: each once, at most 1,000.',
    request: { query: imageQuery },
    responses: { ...absent('imageNotFound'), 200: json('The images, direct dependents first.', treeSchema) },
  }),
  notify: createRoute({
    method: 'post',
    path: '/bases/notify/{source}',
    operationId: 'notifyBases',
    summary: 'Receives the notification of a push to an upstream',
    description:
      'Receives the notification of an upstream that an image was pushed there, so that its tags are checked now.',
    security: inboundSecurity,
    request: {
      params: sourceParams,
      query: doorQuery,
      body: {
        required: false,
        content: {
          'application/vnd.docker.distribution.events.v1+json': {
            schema: z.unknown().openapi({ type: 'object', description: 'The body that the upstream posts.' }),
          },
        },
      },
    },
    responses: { 202: json('The number of the images in the notification that are bases here.', watchedSchema) },
  }),
  sources: createRoute({
    method: 'get',
    path: '/bases/sources',
    operationId: 'listBaseSources',
    summary: 'Lists the registries that may notify',
    description: 'Lists the registries that may notify by a secret of their own, without the secrets.',
    request: { query: pageSchema },
    responses: { 200: json('A page of sources.', sourcesSchema) },
  }),
  source: createRoute({
    method: 'get',
    path: '/bases/sources/{source}',
    operationId: 'getBaseSource',
    summary: 'Gets a registry that may notify',
    description: 'Gets a registry that may notify by a secret of its own, without the secret.',
    request: { params: sourceParams },
    responses: { ...absent('baseSourceNotFound'), 200: json('The source, without its secret.', sourceSchema) },
  }),
  putSource: createRoute({
    method: 'put',
    path: '/bases/sources/{source}',
    operationId: 'putBaseSource',
    summary: 'Creates or replaces the secret of a registry that may notify',
    description:
      'Creates or replaces the secret by which a registry may notify without other credentials. The ' +
      'secret may be given.',
    request: { params: sourceParams, ...body(sourceContent) },
    responses: {
      ...conflicting('sealingKeyMissing'),
      200: json('The secret was replaced. It is shown only in this answer.', sourceSecret),
      201: json('The secret was created. It is shown only in this answer.', sourceSecret),
    },
  }),
  deleteSource: createRoute({
    method: 'delete',
    path: '/bases/sources/{source}',
    operationId: 'deleteBaseSource',
    summary: 'Deletes the secret of a registry that may notify',
    description: 'Deletes the secret by which a registry may notify, so that its notifications are refused.',
    request: { params: sourceParams },
    responses: { ...absent('baseSourceNotFound'), 204: { description: 'The secret was deleted.' } },
  }),
  upstreams: createRoute({
    method: 'get',
    path: '/bases/upstreams',
    operationId: 'listUpstreams',
    summary: 'Lists the upstreams',
    description: 'Lists the upstreams whose tags are watched, with the user names of this registry there.',
    request: { query: pageSchema },
    responses: { 200: json('A page of upstreams.', upstreamsSchema) },
  }),
  upstream: createRoute({
    method: 'get',
    path: '/bases/upstreams/{host}',
    operationId: 'getUpstream',
    summary: 'Gets an upstream',
    description: 'Gets an upstream with the user name of this registry there, without the password.',
    request: { params: hostParams },
    responses: { ...absent('upstreamNotFound'), 200: json('The requested upstream.', upstreamSchema) },
  }),
  putUpstream: createRoute({
    method: 'put',
    path: '/bases/upstreams/{host}',
    operationId: 'putUpstream',
    summary: 'Creates or replaces an upstream',
    description:
      'Creates or replaces an upstream, whose tags are watched, with the credentials of this registry there.',
    request: { params: hostParams, ...body(loginSettings) },
    responses: {
      200: json('The upstream was replaced.', upstreamSchema),
      201: json('The upstream was created.', upstreamSchema),
    },
  }),
  deleteUpstream: createRoute({
    method: 'delete',
    path: '/bases/upstreams/{host}',
    operationId: 'deleteUpstream',
    summary: 'Deletes an upstream',
    description: 'Deletes an upstream with its credentials. Its tags are watched no more.',
    request: { params: hostParams },
    responses: { ...absent('upstreamNotFound'), 204: { description: 'The upstream was deleted.' } },
  }),
};
