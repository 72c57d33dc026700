import { z } from '@hono/zod-openapi';
import { parseBody } from './parse-body.ts';

/**
 * Makes the schema of a PATCH from that of a PUT: it has any of its properties or none (RFC 7396). `null` removes an
 * optional property, so that its default holds again. A nested object is given whole.
 */
export function changeOf(shape: z.ZodRawShape) {
  const properties = Object.entries(shape).map(([name, given]) => {
    const [field, isOptional] = bare(given as z.ZodType);
    const described = field.describe(descriptionOf(given as z.ZodType) ?? name);
    return [name, isOptional ? described.nullish() : described.optional()] as const;
  });
  return z.strictObject(Object.fromEntries(properties));
}

/** Applies a change and parses the result whole. Throws `RegistryError` (`request-invalid`). */
export function changed<T extends object>(schema: z.ZodType<T>, before: T, change: object): T {
  const merged = Object.entries({ ...before, ...change }).filter(([, value]) => value !== null && value !== undefined);
  return parseBody(schema, Object.fromEntries(merged));
}

/** Removes the default of a property, which a change must not set. */
function bare(field: z.ZodType): readonly [z.ZodType, boolean] {
  if (field instanceof z.ZodDefault || field instanceof z.ZodPrefault || field instanceof z.ZodOptional)
    return [bare(field.unwrap() as z.ZodType)[0], true];
  return [field, false];
}

function descriptionOf(field: z.ZodType): string | undefined {
  if (field.description !== undefined) return field.description;
  return field instanceof z.ZodDefault || field instanceof z.ZodPrefault || field instanceof z.ZodOptional
    ? descriptionOf(field.unwrap() as z.ZodType)
    : undefined;
}
