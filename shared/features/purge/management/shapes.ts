import { z } from '@hono/zod-openapi';

/** These properties are in many answers. */
export const dateTime = (description: string) => z.string().openapi({ format: 'date-time', description });
export const text = (description: string) => z.string().openapi({ description });
export const number = (description: string) => z.int().openapi({ description });
