import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import {
  absent,
  body,
  conflicting,
  json,
  managementRoutes,
  nameSchema,
  nextLink,
  pageOf,
  pageSchema,
} from '../../../core/http/management.ts';
import { targetOf } from '../../../core/http/target.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { Scan } from '../documents.ts';
import { scans } from '../documents.ts';
import { imagesIn, isScannable } from '../judging/evaluate.ts';
import { chosenScanner, listScanners } from '../scanners.ts';
import { queueScan, urgency } from '../scans/ask.ts';
import { sendStart } from '../scans/messages.ts';
import type { ScanningHttpPorts } from './ports.ts';
import { readImage } from './read-image.ts';
import { imageShape, scanningTag, scanShown } from './shapes.ts';

const askSchema = z
  .strictObject({
    ...imageShape,
    scanner: nameSchema.optional().openapi({ description: 'The name of the scanner; absent, the default one.' }),
  })
  .openapi('ScanOrder', { description: 'The image to scan; of an index each image that it lists.' });
const begunSchema = z
  .object({ items: z.array(scanShown).openapi({ description: 'The scans, one for each image.' }) })
  .openapi('ScansAsked', { description: 'The scans that were asked for.' });

const routes = {
  ask: createRoute({
    method: 'post',
    path: '/scanning/scans',
    operationId: 'scanImage',
    summary: 'Has an image scanned',
    description:
      'Has an image scanned now, also where there is a report about it already: that one counts until the new one is ' +
      'there. A scan that is under way is not begun again.',
    request: { ...body(askSchema) },
    responses: {
      ...absent('manifestNotFound'),
      ...conflicting('noScanner', 'nothingToScan'),
      202: json('The scans wait, or are under way.', begunSchema),
    },
  }),
  list: createRoute({
    method: 'get',
    path: '/scanning/scans',
    operationId: 'listScans',
    summary: 'Lists the scans',
    description: 'Lists the scans of the registry, the last one of each image, in no order.',
    request: {
      query: pageSchema.extend({
        state: z
          .enum(['queued', 'running', 'ended', 'failed'])
          .optional()
          .openapi({ description: 'Lists those in this state alone; failed are those that ended without a report.' }),
      }),
    },
    responses: {
      200: json(
        'A page of scans.',
        pageOf(scanShown, 'The scans, in no order.').openapi('Scans', { description: 'A page of scans.' }),
      ),
    },
  }),
};

/** Makes the routes of `/scanning/scans` of the management API. */
export function scanRoutes(ports: ScanningHttpPorts): OpenAPIHono {
  const { registry, lists } = ports;
  const api = managementRoutes(scanningTag);
  api.openapi(routes.ask, async (context) => {
    const order = context.req.valid('json');
    const { host } = targetOf(context.req.url);
    const key = { registry, repository: order.repository };
    return context.json({ items: await askByHand(ports, key, { ...order, host }) }, 202);
  });
  api.openapi(routes.list, async (context) => {
    const { limit, continuation, state } = context.req.valid('query');
    const page = await scans.page(lists.documents, {
      partition: [registry],
      where: [{ path: 'type', is: '=', value: 'scan' }, ...conditionOf(state)],
      limit,
      continuation,
    });
    const items = page.items.map(({ document }) => showScan(document));
    return context.json({ items, ...nextLink(context.req, page.continuation) }, 200);
  });
  return api;
}

function conditionOf(state: 'queued' | 'running' | 'ended' | 'failed' | undefined) {
  if (state === undefined) return [];
  const path = state === 'failed' ? 'outcome' : 'state';
  return [{ path, is: '=' as const, value: state }];
}

async function askByHand(
  ports: ScanningHttpPorts,
  key: RepositoryKey,
  { reference, scanner: name, host }: z.infer<typeof askSchema> & { readonly host: string },
) {
  const { documents, registry, queues } = ports;
  const [manifest, all] = await Promise.all([readImage(documents, key, reference), listScanners(documents, registry)]);
  const scanner = chosenScanner(all, name);
  if (scanner === undefined) throw noScanner(name);
  const images = (await imagesIn(ports, key, manifest)).filter(isScannable);
  if (images.length === 0) throw nothingToScan(key.repository, reference);
  const asked: Scan[] = [];
  for (const { digest } of images) {
    const place = { ...key, digest };
    const before = await scans.find(documents, place);
    const scan = await queueScan(ports, place, before, scanner, { cause: 'asked', urgency: urgency.now, host });
    if (scan !== undefined) asked.push(scan);
  }
  await sendStart(queues, scanner.name);
  return asked.map(showScan);
}

/** Shows a scan. */
export function showScan(scan: Scan) {
  const { repository, digest, scanner, state, cause, queuedAt, attempts } = scan;
  const { startedAt, endedAt, outcome, reason, dueAt } = scan;
  return {
    repository,
    digest,
    scanner,
    state,
    cause,
    queuedAt,
    attempts,
    ...defined({ startedAt, endedAt, outcome, reason, nextStepAt: dueAt }),
  };
}

function noScanner(name: string | undefined): RegistryError {
  const what = name === undefined ? 'no scanner is registered' : `there is no scanner "${name}"`;
  return new RegistryError({
    is: 'conflict',
    code: 'noScanner',
    why: `${what}: register one by PUT /api/v1/scanning/scanners/NAME, or put the report of a CI by PUT /api/v1/images/report`,
  });
}

function nothingToScan(repository: string, reference: string): RegistryError {
  return new RegistryError({
    is: 'conflict',
    code: 'nothingToScan',
    why: `${repository} ${reference} is no image and lists none, so that there is nothing to scan in it`,
  });
}
