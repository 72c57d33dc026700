import type { RouteConfig } from '@hono/zod-openapi';
import { OpenAPIHono } from '@hono/zod-openapi';
import { defined } from '../documents/defined.ts';
import type { Part } from './explain-issues.ts';
import type { JsonSchema } from './json-shape.ts';

type Json = null | string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

interface Described {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Json>> };
}

interface Operation {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Json;
  }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema: Json }>> };
}

/**
 * Returns the schemas of the parts of one route, as the OpenAPI document has them: messages about them give the
 * document's own examples. It takes some milliseconds, so it is called once a route.
 */
export function schemasOf(route: RouteConfig): Partial<Record<Part, JsonSchema>> {
  const alone = new OpenAPIHono();
  alone.openAPIRegistry.registerPath({ ...route, responses: {} });
  const document = alone.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: '', version: '' },
  }) as unknown as Described;
  const operation = Object.values(document.paths?.[route.path] ?? {})[0];
  const schemas = document.components?.schemas ?? {};
  const of = (place: string): JsonSchema => {
    const all = (operation?.parameters ?? []).filter((each) => each.in === place);
    return {
      type: 'object',
      properties: Object.fromEntries(all.map(({ name, schema }) => [name, resolved(schema, schemas) as JsonSchema])),
      required: all.filter(({ required }) => required === true).map(({ name }) => name),
    };
  };
  const content = Object.values(operation?.requestBody?.content ?? {})[0];
  return {
    query: of('query'),
    path: of('path'),
    ...defined({ body: content === undefined ? undefined : (resolved(content.schema, schemas) as JsonSchema) }),
  };
}

/** Replaces each `$ref` by the schema that it names; one that leads to itself ends after some steps. */
function resolved(value: Json, schemas: Readonly<Record<string, Json>>, depth = 0): Json {
  if (typeof value !== 'object' || value === null || depth > 30) return value;
  if (isList(value)) return value.map((each) => resolved(each, schemas, depth + 1));
  const { $ref: ref, ...rest } = value;
  const own = Object.fromEntries(Object.entries(rest).map(([key, each]) => [key, resolved(each, schemas, depth + 1)]));
  if (typeof ref !== 'string') return own;
  const target = resolved(schemas[ref.split('/').at(-1) ?? ''] ?? {}, schemas, depth + 1);
  return isRecord(target) ? { ...target, ...own } : own;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !isList(value);
}
