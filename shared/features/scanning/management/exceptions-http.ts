import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { describable } from '../../../core/http/describable.ts';
import {
  absent,
  body,
  callerOf,
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
import type { StoredException } from '../documents.ts';
import { exceptions } from '../documents.ts';
import { listExceptions, putException, removeException } from '../exceptions.ts';
import { exceptionSchema } from '../policy.ts';
import type { ScanningHttpPorts } from './ports.ts';
import { scanningTag, text } from './shapes.ts';

const params = z.object({
  name: nameSchema.openapi({ description: 'The name of an exception.', example: 'openssl-until-june' }),
});
const contentSchema = describable(exceptionSchema).openapi('ScanExceptionSettings', {
  description: 'The settings of an exception for one vulnerability.',
});
const shownSchema = z
  .object({
    name: text('The name of the exception.'),
    ...exceptionSchema.shape,
    by: text('The actor that has written it last.'),
    isExpired: z.boolean().openapi({ description: 'True once it has ended, and takes nothing away any more.' }),
    ...timesSchema,
  })
  .openapi('ScanException', { description: 'An exception for one vulnerability.' });

const routes = {
  list: createRoute({
    method: 'get',
    path: '/scanning/exceptions',
    operationId: 'listScanExceptions',
    summary: 'Lists the exceptions for vulnerabilities',
    description: 'Lists the exceptions for vulnerabilities in the order of their names, those that have ended as well.',
    request: { query: pageSchema },
    responses: {
      200: json(
        'A page of exceptions.',
        pageOf(shownSchema, 'The exceptions in the order of their names.').openapi('ScanExceptions', {
          description: 'A page of exceptions.',
        }),
      ),
    },
  }),
  read: createRoute({
    method: 'get',
    path: '/scanning/exceptions/{name}',
    operationId: 'getScanException',
    summary: 'Gets an exception for a vulnerability',
    description: 'Gets one exception for a vulnerability by its name.',
    request: { params },
    responses: { ...absent('scanExceptionNotFound'), 200: json('The exception of this name.', shownSchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/scanning/exceptions/{name}',
    operationId: 'putScanException',
    summary: 'Creates or replaces an exception for a vulnerability',
    description:
      'Creates an exception, or replaces all of it. The findings of that vulnerability, in the packages and ' +
      'repositories that it names, block nothing until it ends. What it covers is judged anew, page by page.',
    request: { params, ...body(contentSchema) },
    responses: {
      ...conflicting('tooManyExceptions'),
      200: json('The exception was replaced.', shownSchema),
      201: json('The exception was created.', shownSchema),
    },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/scanning/exceptions/{name}',
    operationId: 'deleteScanException',
    summary: 'Deletes an exception for a vulnerability',
    description: 'Deletes an exception. What it alone kept open is judged anew.',
    request: { params },
    responses: { ...absent('scanExceptionNotFound'), 204: { description: 'The exception was deleted.' } },
  }),
};

/** Makes the routes of `/scanning/exceptions` of the management API. */
export function exceptionRoutes(ports: ScanningHttpPorts): OpenAPIHono {
  const { documents, registry, clock, places } = ports;
  const api = managementRoutes(scanningTag);
  const shown = ({ name, settings, by, createdAt, updatedAt }: StoredException) => ({
    name,
    ...settings,
    by,
    isExpired: Date.parse(settings.expiresAt) <= clock.now().getTime(),
    createdAt,
    updatedAt,
  });
  api.openapi(routes.list, async (context) => {
    const all = await listExceptions(documents, registry);
    const page = places.pageOf('scan exceptions', all, ({ name }) => name, context.req.valid('query'));
    return context.json({ items: page.items.map(shown), ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.read, async (context) => {
    const { name } = context.req.valid('param');
    const found = await exceptions.find(documents, { registry, name });
    if (found === undefined) throw unknown(name);
    return context.json(shown(found.document), 200);
  });
  api.openapi(routes.put, async (context) => {
    const { name } = context.req.valid('param');
    const { actor } = callerOf(context);
    const { exception, created } = await putException(ports, name, context.req.valid('json'), actor);
    return context.json(shown(exception), created ? 201 : 200);
  });
  api.openapi(routes.remove, async (context) => {
    const { name } = context.req.valid('param');
    if (!(await removeException(ports, name))) throw unknown(name);
    return context.body(null, 204);
  });
  return api;
}

function unknown(name: string): RegistryError {
  return new RegistryError({ is: 'thing-unknown', code: 'scanExceptionNotFound', what: `scan exception "${name}"` });
}
