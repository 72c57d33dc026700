import type { RouteConfig } from '@hono/zod-openapi';
import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context, HonoRequest } from 'hono';
import { withSuggestion } from '../dockerfile/suggest.ts';
import { repositorySchema } from '../documents/names.ts';
import type { Cause } from '../events/envelope.ts';
import { RegistryError } from '../oci/faults.ts';
import type { Caller } from '../ports/authorize.ts';
import { namePattern, nameSyntax } from '../rules/name.ts';
import { generalErrorsOf } from './api-errors.ts';
import { causeOf } from './cause.ts';
import type { Part } from './explain-issues.ts';
import { explainIssues } from './explain-issues.ts';
import type { JsonSchema } from './json-shape.ts';
import { schemasOf } from './route-schemas.ts';
import { targetOf } from './target.ts';

export const pageSchema = z.object({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(50)
    .openapi({ description: 'The most entries in one page.', example: 50 }),
  continuation: z
    .string()
    .max(24_000)
    .optional()
    .openapi({
      description:
        'The position where the page begins, from the nextLink of the previous page. It is opaque, and ' +
        'valid for this list alone.',
    }),
});

export const timesSchema = {
  createdAt: z.string().openapi({ format: 'date-time', description: 'The time at which it was created.' }),
  updatedAt: z.string().openapi({ format: 'date-time', description: 'The time of the last change.' }),
};

export const nextLinkSchema = {
  nextLink: z.string().optional().openapi({
    description: 'The path and query of the next page; absent on the last page.',
    example: '/api/v1/tokens?limit=50&continuation=AbC…',
  }),
};

/** Makes the schema of one page of a list. */
export function pageOf<T extends z.ZodType>(item: T, description: string) {
  return z.object({ items: z.array(item).openapi({ description }), ...nextLinkSchema });
}

/** Makes the link to the next page: the list's own path and query, with the place where that page begins. */
export function nextLink(request: HonoRequest, continuation: string | undefined): { nextLink?: string } {
  if (continuation === undefined) return {};
  const { path, query } = targetOf(request.url);
  const next = new URLSearchParams(query);
  next.set('continuation', continuation);
  return { nextLink: `${path}?${next.toString()}` };
}

export const nameSchema = z
  .string()
  .regex(namePattern, nameSyntax)
  .openapi({ example: 'ci', description: `The name that an administrator gave: it ${nameSyntax}.` });

/** Makes the schema of a repository's name in a query or a body; in a path its slashes would part it. */
export function repositoryIn(description: string, example = 'team/app') {
  return z.string().pipe(repositorySchema).openapi({ type: 'string', example, description });
}

export function json<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { 'application/json': { schema } } };
}

export function body<T extends z.ZodType>(schema: T) {
  return { body: { required: true, content: { 'application/json': { schema } } } };
}

/**
 * Describes the errors of one operation alone, by status: `managementRoutes` declares those that any operation may
 * give.
 */
function errors<S extends number>(codes: Readonly<Record<S, { readonly codes: Codes; readonly when: string }>>) {
  const responses = Object.entries<{ codes: Codes; when: string }>(codes).map(([status, { codes: own, when }]) => [
    status,
    { description: when, content: { 'application/json': { schema: errorsSchemaOf(own) } } },
  ]);
  return Object.fromEntries(responses) as Record<S, { description: string; content: object }>;
}

type Codes = readonly [string, ...string[]];

/** Describes the answer when nothing of this name exists. */
export function absent(...codes: Codes) {
  return errors({ 404: { codes, when: 'Nothing of this name exists.' } });
}

/** Describes the answer when an attribute of a repository, a manifest or a tag forbids the request. */
export function lockable() {
  return errors({ 405: { codes: ['locked'], when: 'An attribute forbids it; the detail names it.' } });
}

/** Describes the answer when the present state forbids the request. */
export function conflicting(...codes: Codes) {
  return errors({ 409: { codes, when: 'The current state forbids it; the message says what to change.' } });
}

export function errorsSchemaOf(codes: readonly string[]) {
  const error = {
    type: 'object' as const,
    required: ['code', 'message'],
    description: 'One error.',
    properties: {
      code: {
        type: 'string' as const,
        enum: [...codes],
        description: 'Names the error for programs; it never changes.',
      },
      message: {
        type: 'string' as const,
        description: 'Says what is wrong, what is allowed and what to do, for people.',
      },
      detail: { description: 'Details of some errors, such as the missing rights.' },
    },
  };
  return {
    type: 'object' as const,
    required: ['errors'],
    description: 'The reasons why a request was refused.',
    properties: {
      errors: { type: 'array' as const, items: error, description: 'The errors, usually one.' },
    },
  };
}

/** A part of the API in its document: every operation has one. */
export interface Tag {
  readonly name: string;
  readonly description: string;
}

/**
 * The component under which the document keeps tags on their way up to its root: of its routers' parts only components
 * reach that.
 */
export const tagComponents = 'x-tags';

/** The ways in which callers prove their identity, unless a route has another one too. */
export const usualSecurity = [{ password: [] }, { accessToken: [] }];

/** The ways of senders that prove themselves by a secret of their own. */
export const inboundSecurity = [...usualSecurity, { inboundSecret: [] }];

/**
 * Makes a router whose answer to a request that does not parse is, as for every other fault, what is wrong with it. A
 * parameter that a route does not know is refused: ignored, `?repo=team/app` would show the whole registry to somebody
 * who asked for one repository. Each operation is described with its tag, its security and the errors that any
 * operation may give.
 */
export function managementRoutes(tag?: Tag): OpenAPIHono {
  const routes = new OpenAPIHono();
  if (tag !== undefined)
    routes.openAPIRegistry.registerComponent(tagComponents as never, tag.name, {
      description: tag.description,
    } as never);
  const register = routes.openapi.bind(routes) as (route: RouteConfig, ...more: unknown[]) => unknown;
  routes.openapi = ((route: RouteConfig, handler: unknown) => {
    const { whole, refuse } = described(route, tag);
    return register(whole, handler, refuse);
  }) as typeof routes.openapi;
  return routes;
}

interface Described {
  readonly whole: RouteConfig;
  readonly refuse: (result: Validated) => void;
  readonly tag: Tag | undefined;
}

/** A route is the same in every object graph, and its description takes a while: it is made once. */
const known = new WeakMap<RouteConfig, Described>();

function described(route: RouteConfig, tag: Tag | undefined): Described {
  const found = known.get(route);
  if (found !== undefined && found.tag === tag) return found;
  const whole = withGeneralErrors(withKnownParameters(route), tag);
  const made = { whole, refuse: refusing(whole), tag };
  known.set(route, made);
  return made;
}

const parts: Readonly<Record<string, Part>> = { query: 'query', param: 'path', json: 'body' };

interface Validated {
  readonly success: boolean;
  readonly error?: z.ZodError;
  readonly data: unknown;
  readonly target: string;
}

function refusing(route: RouteConfig): (result: Validated) => void {
  // The schemas are made when they are first needed: most calls are right.
  let schemas: Readonly<Partial<Record<Part, JsonSchema>>> | undefined;
  return ({ success, error, data, target }) => {
    if (success || error === undefined) return;
    const part = parts[target] ?? 'body';
    schemas ??= schemasOf(route);
    const isUnknown = part === 'query' && error.issues.some(({ code }) => code === 'unrecognized_keys');
    throw new RegistryError({
      is: 'request-invalid',
      code: isUnknown ? 'unknownParameter' : part === 'body' ? 'invalidBody' : 'invalidParameter',
      why: explainIssues(error.issues, { value: data, schema: schemas[part], part }),
    });
  };
}

/**
 * Returns who asks, as it was identified before any route of the management API is asked.
 *
 * @public Features call it; a new one is told to (CONTRIBUTING.md).
 */
export function callerOf(context: Context): Caller {
  return context.get('caller') as Caller;
}

function withKnownParameters(route: RouteConfig): RouteConfig {
  const query = route.request?.query ?? z.object({});
  if (!(query instanceof z.ZodObject)) throw new TypeError(`the query of ${route.method} ${route.path} is an object`);
  const names = Object.keys(query.shape);
  const allowed = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  const error = (issue: { readonly code?: string; readonly keys?: readonly string[] }) =>
    issue.code === 'unrecognized_keys'
      ? withSuggestion(unknownParameters(issue.keys ?? [], allowed), issue.keys?.[0] ?? '', names)
      : undefined;
  // The rest of the schema stays: its checks, and its description.
  return { ...route, request: { ...route.request, query: query.clone({ ...query.def, catchall: z.never(), error }) } };
}

function unknownParameters(keys: readonly string[], allowed: string): string {
  return `this call has no parameter ${keys.map((key) => JSON.stringify(key)).join(', ')}: ${allowed}`;
}

function withGeneralErrors(route: RouteConfig, tag: Tag | undefined): RouteConfig {
  const general = [...generalErrorsOf(route.request?.body !== undefined)].map(([status, { name }]) => [
    status,
    { $ref: `#/components/responses/${name}` },
  ]);
  return {
    ...route,
    tags: route.tags ?? (tag === undefined ? [] : [tag.name]),
    security: route.security ?? usualSecurity,
    responses: { ...(Object.fromEntries(general) as RouteConfig['responses']), ...route.responses },
  };
}

/** Makes the cause of a request of the management API, whose caller `requireManagement` has identified. */
export function causeIn(context: Context): Cause {
  return causeOf(context.req.raw, targetOf(context.req.url).host, String(context.get('requestId')), callerOf(context));
}
