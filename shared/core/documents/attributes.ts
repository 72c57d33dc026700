import { z } from 'zod';

/** ACR's `changeableAttributes`: the locks of a repository, a manifest or a tag, each of which has its own. */
export const attributesSchema = z.object({
  deleteEnabled: z.boolean(),
  writeEnabled: z.boolean(),
  listEnabled: z.boolean(),
  readEnabled: z.boolean(),
});
export type Attributes = z.infer<typeof attributesSchema>;

export const everythingEnabled: Attributes = {
  deleteEnabled: true,
  writeEnabled: true,
  listEnabled: true,
  readEnabled: true,
};
