import { z } from '@hono/zod-openapi';
import { nameSchema } from '../../../core/http/management.ts';

export const inPath = { params: z.object({ name: nameSchema }) };

export const accessTag = { name: 'access', description: 'Shows and changes what identities and everyone may do.' };
