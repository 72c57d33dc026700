import type { z } from '@hono/zod-openapi';

/**
 * Copies a schema, so that it can be described. One that was made before the management API was first imported, as those
 * of documents are, has no `openapi` at run time, whatever its type says.
 */
export function describable<T extends z.ZodType>(schema: T): T {
  return schema.clone();
}
