import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../core/documents/defined.ts';
import { absent, json, managementRoutes } from '../../core/http/management.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import { exportTable } from './export.ts';
import { periodOf } from './period.ts';
import type { ReportPorts } from './report.ts';
import { requireSurvey, topRepositories, usageOf } from './report.ts';
import { forecast } from './sizes/forecast.ts';
import { readTracking } from './tracking.ts';
import { exportQuery, forecastSchema, pulledSchema, topQuery, topSchema, usageQuery, usageSchema } from './wire.ts';

const csv = {
  description:
    'The counters as CSV (RFC 4180). `repositories`: one line for each repository and day. ' +
    '`images`: one line for each tag or digest, over all time.',
  content: { 'text/csv': { schema: z.string() } },
};

const routes = {
  usage: createRoute({
    method: 'get',
    path: '/usage',
    operationId: 'getUsage',
    summary: 'Gets the usage of the registry',
    description:
      'Gets the counters of what is stored, pulled and pushed in the registry, or in one repository, tag or digest.',
    request: { query: usageQuery },
    responses: {
      ...absent('repositoryNotFound', 'tagNotFound', 'manifestNotFound'),
      200: json('The counters, which follow a push within a second and a pull within a minute.', usageSchema),
    },
  }),
  top: createRoute({
    method: 'get',
    path: '/usage/top',
    operationId: 'listTopRepositories',
    summary: 'Lists the largest or busiest repositories',
    description: 'Lists the repositories that store, waste, are pulled or are pushed most, the first one first.',
    request: { query: topQuery },
    responses: { 200: json('The repositories, the one with most first.', topSchema) },
  }),
  pulled: createRoute({
    method: 'get',
    path: '/usage/pulled',
    operationId: 'getPulledShare',
    summary: 'Gets the share of bytes pulled lately',
    description: 'Gets the share of the stored bytes that was pulled in the last days, by the last survey.',
    responses: { ...absent('surveyNotFound'), 200: json('The shares by the last survey.', pulledSchema) },
  }),
  forecast: createRoute({
    method: 'get',
    path: '/usage/forecast',
    operationId: 'getForecast',
    summary: 'Forecasts the time at which the quota is full',
    description: 'Forecasts the time at which the stored bytes reach the quota, by the surveys of the last week.',
    responses: { ...absent('surveyNotFound'), 200: json('The forecast by the last surveys.', forecastSchema) },
  }),
  csv: createRoute({
    method: 'get',
    path: '/usage/export.csv',
    operationId: 'exportUsage',
    summary: 'Exports the counters as a table',
    description: 'Exports the counters of all repositories or images as comma-separated values.',
    request: { query: exportQuery },
    responses: { 200: csv },
  }),
};

export interface UsageRoutesPorts extends ReportPorts {
  readonly quotaBytes: number;
}

/** Makes the routes of `/usage` of the management API. */
export function usageRoutes(ports: UsageRoutesPorts, registry: RegistryName): OpenAPIHono {
  const { documents, clock } = ports;
  const api = managementRoutes({
    name: 'usage',
    description: 'Shows what is stored, pulled and pushed, and how it grows.',
  });
  api.openapi(routes.usage, async (context) => {
    const query = context.req.valid('query');
    const usage = await usageOf(ports, registry, query);
    if (usage === undefined) throw nothingThere(query);
    return context.json(usage, 200);
  });
  api.openapi(routes.top, async (context) => {
    const { by, limit } = context.req.valid('query');
    return context.json({ items: await topRepositories(documents, registry, by, limit) }, 200);
  });
  api.openapi(routes.pulled, async (context) => context.json(await pulledShare(ports, registry), 200));
  api.openapi(routes.forecast, async (context) => {
    const { samples, measuredAt } = await requireSurvey(documents, registry);
    return context.json({ ...forecast(samples, ports.quotaBytes), measuredAt }, 200);
  });
  api.openapi(routes.csv, async (context) => {
    const { of, from, to } = context.req.valid('query');
    const table = await exportTable(documents, registry, of, periodOf({ from, to, by: 'day' }, clock.now()));
    return new Response(table, {
      headers: {
        'Content-Type': 'text/csv; charset=utf-8; header=present',
        'Content-Disposition': `attachment; filename="usage-${of}.csv"`,
        'Cache-Control': 'no-store',
      },
    });
  });
  return api;
}

function nothingThere({
  repository = '',
  tag,
  digest,
}: {
  readonly repository?: string | undefined;
  readonly tag?: string | undefined;
  readonly digest?: string | undefined;
}): RegistryError {
  if (tag === undefined && digest === undefined)
    return new RegistryError({
      is: 'thing-unknown',
      code: 'repositoryNotFound',
      what: `count of ${repository}`,
      hint: 'a repository is counted a moment after its first push, so ask again; GET /v2/_catalog lists the repositories',
    });
  return new RegistryError({
    is: 'thing-unknown',
    code: tag === undefined ? 'manifestNotFound' : 'tagNotFound',
    what: tag === undefined ? `manifest ${repository}@${digest ?? ''}` : `tag ${repository}:${tag}`,
  });
}

async function pulledShare(
  { documents, clock }: ReportPorts,
  registry: RegistryName,
): Promise<z.infer<typeof pulledSchema>> {
  const [{ storedBytes, measuredAt, pulled }, trackedSince] = await Promise.all([
    requireSurvey(documents, registry),
    readTracking(documents, registry),
  ]);
  const trackedDays =
    trackedSince === undefined ? 0 : (clock.now().getTime() - Date.parse(trackedSince)) / (24 * 3600_000);
  const windows = pulled.map(({ days, bytes }) => ({
    days,
    bytes,
    share: storedBytes === 0 ? 0 : bytes / storedBytes,
    whole: trackedDays >= days,
  }));
  return { storedBytes, measuredAt, ...defined({ trackedSince }), windows };
}
