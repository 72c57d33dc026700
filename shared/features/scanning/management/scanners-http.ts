import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { describable } from '../../../core/http/describable.ts';
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
  timesSchema,
} from '../../../core/http/management.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { scannerSettingsSchema } from '../adapter/registration.ts';
import type { StoredScanner } from '../documents.ts';
import { scanners } from '../documents.ts';
import { checkScanner, listScanners, putScanner, removeScanner } from '../scanners.ts';
import type { ScanningHttpPorts } from './ports.ts';
import { scanningTag, text, texts, time } from './shapes.ts';

const params = z.object({
  name: nameSchema.openapi({ description: 'The name of a scanner.', example: 'trivy' }),
});
const contentSchema = describable(scannerSettingsSchema).openapi('ScannerSettings', {
  description: 'The settings of a scanner: an adapter that speaks the pluggable scanner API 1.2.',
});
const checkSchema = z
  .object({
    at: time('The time of the last question for its metadata.'),
    failure: text('The reason why it gave no answer; the rest is then what was known before.').optional(),
    scanner: z
      .object({
        name: text('The name that the scanner gives itself.'),
        vendor: text('The vendor of the scanner.'),
        version: text('The version of the scanner.'),
      })
      .optional()
      .openapi({ description: 'The scanner as it names itself.' }),
    databaseUpdatedAt: time('The time of its database of vulnerabilities.').optional(),
    capabilities: z
      .array(
        z.object({
          type: text('The kind of report: vulnerability or sbom.'),
          consumes: texts('The media types of manifests that it scans.'),
          produces: texts('The media types of its reports.'),
          sbomMediaTypes: texts('The formats of its SBOMs.'),
        }),
      )
      .optional()
      .openapi({ description: 'The abilities of the scanner.' }),
    registryAuthorization: z
      .enum(['Bearer', 'Basic'])
      .optional()
      .openapi({ description: 'The form of the credential with which it pulls.' }),
    settings: z
      .record(z.string(), z.string())
      .optional()
      .openapi({ description: 'The settings that it shows, by their names.' }),
    notes: texts('Sentences about settings by which a clean report means less.').optional(),
  })
  .openapi('ScannerCheck', { description: 'The answer of a scanner to the last question for its metadata.' });
const shownSchema = z
  .object({
    name: text('The name of the scanner.'),
    ...scannerSettingsSchema.shape,
    hasSecret: z.boolean().openapi({ description: 'True if a secret is kept for it, which is never shown.' }),
    check: checkSchema.optional(),
    ...timesSchema,
  })
  .openapi('Scanner', { description: 'A registered scanner.' });

const routes = {
  list: createRoute({
    method: 'get',
    path: '/scanning/scanners',
    operationId: 'listScanners',
    summary: 'Lists the scanners',
    description: 'Lists the registered scanners in the order of their names.',
    request: { query: pageSchema },
    responses: {
      200: json(
        'A page of scanners.',
        pageOf(shownSchema, 'The scanners in the order of their names.').openapi('Scanners', {
          description: 'A page of scanners.',
        }),
      ),
    },
  }),
  read: createRoute({
    method: 'get',
    path: '/scanning/scanners/{name}',
    operationId: 'getScanner',
    summary: 'Gets a scanner',
    description: 'Gets one scanner by its name, with what it said of itself last.',
    request: { params },
    responses: { ...absent('scannerNotFound'), 200: json('The scanner of this name.', shownSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/scanning/scanners/{name}',
    operationId: 'putScanner',
    summary: 'Registers or replaces a scanner',
    description:
      'Registers a scanner, or replaces all its settings. It is asked for its metadata soon after; a check asks at once.',
    request: { params, ...body(contentSchema) },
    responses: {
      ...conflicting('tooManyScanners', 'scannerSecretMissing', 'sealingKeyMissing'),
      200: json('The scanner was replaced.', shownSchema),
      201: json('The scanner was registered.', shownSchema),
    },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/scanning/scanners/{name}',
    operationId: 'deleteScanner',
    summary: 'Deletes a scanner',
    description: 'Deletes a scanner. Its reports stay and judge on; its scans that wait or are under way end.',
    request: { params },
    responses: { ...absent('scannerNotFound'), 204: { description: 'The scanner was deleted.' } },
  }),
  check: createRoute({
    method: 'post',
    path: '/scanning/scanners/{name}/check',
    operationId: 'checkScanner',
    summary: 'Asks a scanner for its metadata',
    description: 'Asks a scanner for its metadata now, and returns what it says, or the reason why it says nothing.',
    request: { params },
    responses: { ...absent('scannerNotFound'), 200: json('The scanner, with its answer.', shownSchema) },
  }),
};

/** Makes the routes of `/scanning/scanners` of the management API. */
export function scannerRoutes(ports: ScanningHttpPorts): OpenAPIHono {
  const { documents, registry, places } = ports;
  const api = managementRoutes(scanningTag);
  api.openapi(routes.list, async (context) => {
    const all = await listScanners(documents, registry);
    const page = places.pageOf('scanners', all, ({ name }) => name, context.req.valid('query'));
    return context.json({ items: page.items.map(shown), ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.read, async (context) => {
    const { name } = context.req.valid('param');
    const found = await scanners.find(documents, { registry, name });
    if (found === undefined) throw unknown(name);
    return context.json(shown(found.document), 200);
  });
  api.openapi(routes.put, async (context) => {
    const { scanner, created } = await putScanner(ports, context.req.valid('param').name, context.req.valid('json'));
    return context.json(shown(scanner), created ? 201 : 200);
  });
  api.openapi(routes.remove, async (context) => {
    const { name } = context.req.valid('param');
    if (!(await removeScanner(ports, name))) throw unknown(name);
    return context.body(null, 204);
  });
  api.openapi(routes.check, async (context) => {
    const { name } = context.req.valid('param');
    const scanner = await checkScanner(ports, name);
    if (scanner === undefined) throw unknown(name);
    return context.json(shown(scanner), 200);
  });
  return api;
}

function shown({ name, settings, sealed, check, createdAt, updatedAt }: StoredScanner) {
  const checked = check === undefined ? {} : { check };
  return { name, ...settings, hasSecret: sealed !== undefined, ...checked, createdAt, updatedAt };
}

function unknown(name: string): RegistryError {
  return new RegistryError({ is: 'thing-unknown', code: 'scannerNotFound', what: `scanner "${name}"` });
}
