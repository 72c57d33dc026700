import { z } from '@hono/zod-openapi';

/** Properties that many answers have. */
export const text = (description: string) => z.string().openapi({ description });
export const time = (description: string) => z.string().openapi({ format: 'date-time', description });

/** A secret that the caller may choose. */
export const ownSecret = (description: string) => z.string().min(16).max(200).optional().openapi({ description });

export const imageSchema = z
  .string()
  .min(1)
  .max(400)
  .openapi({ example: 'team/app:v1', description: 'An image, as repository:tag.' });

/** The query of senders that can be given only a URL, and no header. */
export const doorQuery = z.object({
  token: z
    .string()
    .max(1_000)
    .optional()
    .openapi({ description: 'The secret of the notification, for senders that cannot set a header.' }),
});
