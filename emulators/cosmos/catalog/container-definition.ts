import { z } from 'zod';
import type { Json } from '../json.ts';
import { MAX_LEVELS } from '../partition-key.ts';
import { badRequest, notImplemented } from '../refusal.ts';

/** Names of databases and containers: the service's own rule. */
export const resourceId = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^/\\?#]*[^/\\?# ]$/, "An id may not hold '/', '\\', '?' or '#', nor end with a space.");

const path = z.string().regex(/^\/[^/]/, "A path starts with '/'.");

const partitionKey = z
  .object({
    paths: z.array(path).min(1).max(MAX_LEVELS),
    kind: z.enum(['Hash', 'MultiHash']).default('Hash'),
    version: z.union([z.literal(1), z.literal(2)]).optional(),
  })
  .refine((key) => key.kind === 'MultiHash' || key.paths.length === 1, 'A key of kind Hash has one path.')
  .refine((key) => key.kind === 'Hash' || key.version === 2, 'A key of kind MultiHash is of version 2.');

const compositePath = z.object({ path, order: z.enum(['ascending', 'descending']).default('ascending') });
const includedPath = z.looseObject({ path: z.string() });

const indexingPolicy = z.looseObject({
  indexingMode: z.enum(['consistent', 'none', 'Consistent', 'None']).default('consistent'),
  automatic: z.boolean().default(true),
  includedPaths: z.array(includedPath).default([{ path: '/*' }]),
  excludedPaths: z.array(includedPath).default([{ path: '/"_etag"/?' }]),
  compositeIndexes: z.array(z.array(compositePath).min(2)).default([]),
});

const definition = z.looseObject({
  id: resourceId,
  partitionKey,
  indexingPolicy: indexingPolicy.prefault({}),
  uniqueKeyPolicy: z.object({ uniqueKeys: z.array(z.object({ paths: z.array(path).min(1) })).default([]) }).optional(),
  /** Seconds; -1: items expire only by their own `ttl`; absent: nothing expires. */
  defaultTtl: z
    .int()
    .refine((ttl) => ttl === -1 || ttl > 0, 'defaultTtl is -1 or positive.')
    .nullish(),
});

export type ContainerDefinition = z.infer<typeof definition>;
export type CompositeIndex = z.infer<typeof compositePath>[];

/** Features that would silently change what a container does if they were only stored. */
const UNSUPPORTED = [
  'computedProperties',
  'vectorEmbeddingPolicy',
  'fullTextPolicy',
  'clientEncryptionPolicy',
  'materializedViewDefinition',
  'changeFeedPolicy',
] as const;

export function parseContainerDefinition(body: Json): ContainerDefinition {
  const parsed = definition.safeParse(body);
  if (!parsed.success) throw badRequest(`The container's definition is not valid. ${z.prettifyError(parsed.error)}`);
  const unsupported = UNSUPPORTED.find((name) => parsed.data[name] !== undefined && parsed.data[name] !== null);
  if (unsupported !== undefined) throw notImplemented(`containers with ${unsupported}`);
  return parsed.data;
}
