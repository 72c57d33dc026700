import { z } from '@hono/zod-openapi';
import { namePattern } from '../documents.ts';

/** A name in a path or a body. */
export const nameSchema = z
  .string()
  .regex(namePattern, 'must be 1 to 50 letters, digits, dashes and underscores, beginning with a letter or digit')
  .openapi({ example: 'ci' });

export const inPath = { params: z.object({ name: nameSchema }) };
