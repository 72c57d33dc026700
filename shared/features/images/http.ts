import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { entityTag, isKnownToClient } from '../../core/http/conditions.ts';
import {
  absent,
  callerOf,
  causeIn,
  conflicting,
  json,
  lockable,
  managementRoutes,
} from '../../core/http/management.ts';
import { originOf } from '../../core/http/origin.ts';
import { compareImages } from './compare.ts';
import { readConfigBlob } from './config-blob.ts';
import { showDeletion } from './deletion.ts';
import { namedImage } from './named-image.ts';
import type { ImageViewPorts } from './ports.ts';
import { removeImage } from './remove.ts';
import { showImage } from './view.ts';
import { configDocumentSchema, configQuery, imageQuery, imageSchema } from './wire.ts';
import { compareQuery, comparisonSchema, deletionQuery, deletionSchema } from './wire-compare.ts';
import { removalQuery, removalSchema } from './wire-remove.ts';

const imagesTag = {
  name: 'images',
  description: 'Shows single images: what they are made of, how two differ, and what goes with one; and deletes them.',
};

const routes = {
  image: createRoute({
    method: 'get',
    path: '/images',
    operationId: 'getImage',
    summary: 'Gets an image with all about it',
    description:
      'Gets an image, index or artifact with its config, layers, history, platforms, referrers and the ways to pull it.',
    request: { query: imageQuery },
    responses: { ...absent('manifestNotFound'), 200: json('The image, its lists bounded.', imageSchema) },
  }),
  config: createRoute({
    method: 'get',
    path: '/images/config',
    operationId: 'getImageConfig',
    summary: 'Gets the config of an image',
    description: 'Gets the config blob of an image as it was pushed, if it is JSON of at most 1 MiB.',
    request: { query: configQuery },
    responses: {
      ...absent('manifestNotFound', 'configNotFound'),
      ...conflicting('configTooLarge', 'configUnreadable'),
      200: json('The config, which never changes.', configDocumentSchema),
    },
  }),
  compare: createRoute({
    method: 'get',
    path: '/images/compare',
    operationId: 'compareImages',
    summary: 'Compares two images',
    description: 'Compares the configs and layers of two images, or of two indexes for one platform.',
    request: { query: compareQuery },
    responses: {
      ...absent('manifestNotFound', 'platformNotFound'),
      200: json('What differs, and the bytes to pull.', comparisonSchema),
    },
  }),
  deletion: createRoute({
    method: 'get',
    path: '/images/deletion',
    operationId: 'previewImageDeletion',
    summary: 'Shows what a deletion would take',
    description: 'Shows what goes, what stays and what is freed if a tag or a manifest is deleted; nothing is.',
    request: { query: deletionQuery },
    responses: { ...absent('manifestNotFound'), 200: json('What the deletion would take.', deletionSchema) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/images',
    operationId: 'deleteImage',
    summary: 'Deletes a tag or an image',
    description:
      'Deletes a tag alone, or by its digest an image with its tags and what nothing else keeps. It takes the right to ' +
      'change anything, or content/delete of the repository. The same caller may send it again.',
    request: { query: removalQuery },
    responses: {
      ...absent('manifestNotFound'),
      ...lockable(),
      ...conflicting('tagMoved'),
      200: json('It is deleted.', removalSchema),
    },
  }),
};

/** Makes the routes of `/images` of the management API. */
export function imageRoutes(ports: ImageViewPorts): OpenAPIHono {
  const { registry, settings } = ports;
  const api = managementRoutes(imagesTag);
  api.openapi(routes.image, async (context) => {
    const { repository, reference } = context.req.valid('query');
    const { host } = originOf(context.req.raw, settings.publicUrl);
    return context.json(await showImage(ports, { registry, repository }, reference, host), 200);
  });
  api.openapi(routes.config, async (context) => {
    const { repository, digest } = context.req.valid('query');
    const config = await readConfigBlob(ports, { registry, repository }, digest, askerIn(context));
    return configAnswer(context.req.raw, config);
  });
  api.openapi(routes.compare, async (context) => {
    const { from, to, platform } = context.req.valid('query');
    const { host } = originOf(context.req.raw, settings.publicUrl);
    const compared = await compareImages(
      ports,
      namedImage(registry, from, 'from', host),
      namedImage(registry, to, 'to', host),
      platform,
    );
    return context.json(compared, 200);
  });
  api.openapi(routes.deletion, async (context) => {
    const { repository, reference } = context.req.valid('query');
    return context.json(await showDeletion(ports, { registry, repository }, reference, askerIn(context)), 200);
  });
  api.openapi(routes.remove, async (context) => {
    const { repository, reference, digest } = context.req.valid('query');
    const named = { key: { registry, repository }, reference, digest };
    const by = { cause: causeIn(context), asker: askerIn(context) };
    return context.json(await removeImage(ports, named, by), 200);
  });
  return api;
}

function askerIn(context: Context) {
  return { request: context.req.raw, caller: callerOf(context) };
}

/**
 * Answers with the bytes that were pushed. They never change, so a browser may keep them; it may not take them for
 * anything but JSON, whatever somebody has pushed.
 */
function configAnswer(request: Request, { digest, bytes }: Awaited<ReturnType<typeof readConfigBlob>>) {
  const tag = entityTag(digest);
  const headers = {
    ETag: tag,
    'Cache-Control': 'private, max-age=31536000, immutable',
    'X-Content-Type-Options': 'nosniff',
    'Content-Type': 'application/json',
  };
  return isKnownToClient(request.headers, tag)
    ? new Response(null, { status: 304, headers })
    : new Response(bytes as Uint8Array<ArrayBuffer>, { headers });
}
