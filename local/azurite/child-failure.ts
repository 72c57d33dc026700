import { z } from 'zod';

/**
 * The message that the child sends over its channel when it cannot start: one sentence for the person who started it.
 */
export const childFailureSchema = z.object({ failure: z.string() });
export type ChildFailure = z.infer<typeof childFailureSchema>;
