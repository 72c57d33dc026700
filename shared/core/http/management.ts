import type { RouteConfig } from '@hono/zod-openapi';
import { OpenAPIHono, z } from '@hono/zod-openapi';
import { RegistryError } from '../oci/faults.ts';

export const pageSchema = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50).openapi({ description: 'The most entries in one page.' }),
  continuation: z
    .string()
    .max(24_000)
    .optional()
    .openapi({ description: 'What the page before ended with: opaque, and good for this list alone.' }),
});

export const timesSchema = {
  createdAt: z.string().openapi({ format: 'date-time' }),
  updatedAt: z.string().openapi({ format: 'date-time' }),
};

const errorsSchema = z
  .object({ errors: z.array(z.object({ code: z.string(), message: z.string() })) })
  .openapi('Errors');

export function json<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { 'application/json': { schema } } };
}

export function body<T extends z.ZodType>(schema: T) {
  return { body: { required: true, content: { 'application/json': { schema } } } };
}

/** What every route of the management API may answer beside what it is for. */
export const refusals = {
  400: json('Something in the request is wrong.', errorsSchema),
  401: json('Nobody, or nobody known, asks.', errorsSchema),
  403: json('The caller may not.', errorsSchema),
  404: json('There is no such thing.', errorsSchema),
  409: json('What is there forbids it.', errorsSchema),
};

/**
 * A router that answers what does not parse as every other fault: by what is wrong with it. A parameter that a route
 * does not know is refused: ignored, `?repo=team/app` would show the whole registry to somebody who asked for one
 * repository.
 */
export function managementRoutes(): OpenAPIHono {
  const routes = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success)
        throw new RegistryError({
          is: 'request-invalid',
          why: result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`.trim()).join('; '),
        });
    },
  });
  const register = routes.openapi.bind(routes) as (route: RouteConfig, ...more: unknown[]) => unknown;
  routes.openapi = ((route: RouteConfig, ...more: unknown[]) =>
    register(withKnownParameters(route), ...more)) as typeof routes.openapi;
  return routes;
}

function withKnownParameters(route: RouteConfig): RouteConfig {
  const query = route.request?.query ?? z.object({});
  if (!(query instanceof z.ZodObject)) throw new TypeError(`the query of ${route.method} ${route.path} is an object`);
  const names = Object.keys(query.shape);
  const allowed = names.length === 0 ? 'it takes none' : `it takes ${names.join(', ')}`;
  const error = (issue: { readonly code?: string; readonly keys?: readonly string[] }) =>
    issue.code === 'unrecognized_keys'
      ? `this call has no parameter ${(issue.keys ?? []).map((key) => JSON.stringify(key)).join(', ')}: ${allowed}`
      : undefined;
  // All else of it stays: its checks, and what its description says.
  return { ...route, request: { ...route.request, query: query.clone({ ...query.def, catchall: z.never(), error }) } };
}
