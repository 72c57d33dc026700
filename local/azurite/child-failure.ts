import { z } from 'zod';

/** What the child says over its channel when it cannot start: one sentence for the person who started it. */
export const childFailureSchema = z.object({ failure: z.string() });
export type ChildFailure = z.infer<typeof childFailureSchema>;
