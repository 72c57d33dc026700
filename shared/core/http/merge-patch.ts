import { z } from '@hono/zod-openapi';
import { parseBody } from './management.ts';

/**
 * What PATCH takes of a thing that PUT takes whole: each of its properties or none (RFC 7396). `null` takes back what
 * need not be there: the default stands again. An object within is given whole.
 */
export function changeOf(shape: z.ZodRawShape) {
  const properties = Object.entries(shape).map(([name, given]) => {
    const [field, isOptional] = bare(given as z.ZodType);
    const described = field.describe(descriptionOf(given as z.ZodType) ?? name);
    return [name, isOptional ? described.nullish() : described.optional()] as const;
  });
  return z.strictObject(Object.fromEntries(properties));
}

/** The thing with the change in it, parsed whole. Throws `RegistryError` (`request-invalid`). */
export function changed<T extends object>(schema: z.ZodType<T>, before: T, change: object): T {
  const merged = Object.entries({ ...before, ...change }).filter(([, value]) => value !== null && value !== undefined);
  return parseBody(schema, Object.fromEntries(merged));
}

/** Without what stands in where nothing is given, which a change must not bring in. */
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
