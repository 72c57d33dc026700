import type { z } from 'zod';
import { RegistryError } from '../oci/faults.ts';
import { explainIssues } from './explain-issues.ts';

/** Parses a value by a schema that is not its route's. Throws `RegistryError` (`request-invalid`). */
export function parseBody<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const why = explainIssues(parsed.error.issues, { value, schema: undefined, part: 'body' });
  throw new RegistryError({ is: 'request-invalid', code: 'invalidBody', why });
}
