import { z } from 'zod';

/**
 * A storage service: its endpoint, reached with the app's identity, or a connection string where the stores are local.
 */
const storageSchema = z
  .string()
  .min(1)
  .transform((text): { endpoint?: string; connectionString?: string } =>
    /^https?:\/\//.test(text) ? { endpoint: text } : { connectionString: text },
  );

export const regionNameSchema = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/, 'must be 1 to 40 lower-case letters, digits and dashes');

const regionSchema = z.strictObject({
  name: regionNameSchema,
  blobs: storageSchema,
  queues: storageSchema,
  /** The name that Cosmos DB has for the region, as in `West Europe`: reads go there first. */
  cosmos: z.string().min(1).optional(),
});
export type RegionSetting = z.infer<typeof regionSchema>;

/** A JSON array; each region once. */
export const regionsSchema = z.string().transform((text, context) => {
  const parsed = z.array(regionSchema).min(1).max(30).safeParse(jsonIn(text));
  const names = parsed.data?.map(({ name }) => name) ?? [];
  if (parsed.success && new Set(names).size === names.length) return parsed.data;
  // The values may be secrets, so the fault names only the place and the kind.
  const fault = parsed.success
    ? 'names a region twice'
    : parsed.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(' ')).join('; ');
  context.addIssue({
    code: 'custom',
    message: `must be a JSON array of {"name","blobs","queues","cosmos"}, each region once: ${fault}`,
  });
  return z.NEVER;
});

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
