import { z } from '@hono/zod-openapi';
import { repositorySchema, tagSchema } from '../../core/documents/names.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { granularities } from './period.ts';

const bytes = (description: string) => z.int().openapi({ description });
const time = z.string().openapi({ format: 'date-time' });

const countsWire = {
  pulls: z.int().openapi({ description: 'Manifests that were got.' }),
  heads: z.int().openapi({ description: 'Manifests that were asked for by HEAD.' }),
  blobPulls: z
    .int()
    .openapi({ description: 'Blobs that were got. Of repositories: no blob says of which image it is.' }),
  pushes: z.int().openapi({ description: 'Manifests that were pushed, each push counted.' }),
};

const countsSchema = z.object(countsWire).openapi('UsageCounts');

const periodSchema = z
  .object({
    from: time,
    to: time,
    by: z.enum(granularities),
    ...countsWire,
    byClient: z
      .record(z.string(), countsSchema)
      .openapi({ description: 'Of the whole days that the period touches. Of a tag or digest: of all time.' }),
    byRegion: z.record(z.string(), countsSchema),
    series: z.array(z.object({ at: time, ...countsWire })).openapi({ description: 'What has no counts is left out.' }),
  })
  .openapi('UsagePeriod');

const sizesSchema = z
  .object({
    uniqueBytes: bytes('Of Blob Storage, what nothing else needs.'),
    sharedBytes: bytes('Of Blob Storage, what something else needs too.'),
    freedBytes: bytes('What Blob Storage holds less in the end when it is deleted. Not of a registry.').optional(),
    logicalBytes: bytes('Of a tag or digest: its manifests and blobs, each once, as they were measured.').optional(),
    claimedBytes: bytes(
      'Of a tag or digest: layers that lie elsewhere and were never stored here, as its manifests claim their ' +
        'sizes. No other number has them in it.',
    ).optional(),
    recycledBytes: bytes('What images in the recycle bin need, and no other.').optional(),
    unneededBytes: bytes('What no image needs, until it is collected.').optional(),
    unlinkedBytes: bytes('Of a registry: what no repository may read any more, until it is collected.').optional(),
    storedBytes: bytes('Of a registry: unique, shared and unlinked bytes together.').optional(),
    measuredAt: time
      .optional()
      .openapi({ description: 'When the last survey looked; absent where it was looked now.' }),
  })
  .openapi('UsageSizes');

export const usageSchema = z
  .object({
    registry: z.string(),
    repository: z.string().optional().openapi({ example: 'team/app' }),
    tag: z.string().optional(),
    digest: z.string().optional(),
    trackedSince: time.optional().openapi({ description: 'Since when every pull is known, without a gap.' }),
    ...countsWire,
    images: z
      .int()
      .optional()
      .openapi({ description: 'Of a repository: manifests held; an index and its children count one each.' }),
    bytes: z.int().optional().openapi({
      description:
        'Of a repository: its manifests and those blobs of theirs that are stored, each once, as they were measured.',
    }),
    lastPull: time.optional().openapi({ description: 'By GET, scanners and replication left out.' }),
    lastHead: time.optional().openapi({ description: 'By HEAD, likewise.' }),
    lastPush: time.optional(),
    sizes: sizesSchema.optional().openapi({ description: 'Absent before the first survey, and of what is gone.' }),
    period: periodSchema,
  })
  .openapi('Usage');
export type UsageOnWire = z.infer<typeof usageSchema>;

const dateSchema = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'must be a date or a time, as 2026-01-31 or 2026-01-31T12:00:00Z',
});
const rangeQuery = {
  from: dateSchema
    .optional()
    .openapi({ type: 'string', example: '2026-01-01', description: 'Inclusive; absent, 30 days before the end.' }),
  to: dateSchema.optional().openapi({ type: 'string', example: '2026-02-01', description: 'Exclusive; absent, now.' }),
};

const digestText = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'must be sha256: or sha512: and hex',
);
const repositoryText = z.string().pipe(repositorySchema);

export const usageQuery = z
  .object({
    repository: repositoryText
      .optional()
      .openapi({ type: 'string', example: 'team/app', description: 'Absent: the whole registry.' }),
    tag: z.string().pipe(tagSchema).optional().openapi({ type: 'string' }),
    digest: digestText.optional().openapi({ type: 'string' }),
    by: z.enum(granularities).default('day'),
    ...rangeQuery,
  })
  .refine(
    ({ repository, tag, digest }) => repository !== undefined || (tag === undefined && digest === undefined),
    'a tag or digest needs its repository',
  )
  .refine(({ tag, digest }) => tag === undefined || digest === undefined, 'tag and digest exclude each other');
export type UsageQuery = z.infer<typeof usageQuery>;

const orders = ['size', 'waste', 'pulls', 'pushes'] as const;
export type Order = (typeof orders)[number];

export const topQuery = z.object({
  by: z.enum(orders),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

export const topSchema = z
  .object({
    repositories: z.array(
      z.object({
        repository: z.string(),
        value: z.int().openapi({
          description:
            'Bytes of Blob Storage: all that it may read by `size`; recycled and unneeded ones by `waste`. Of all ' +
            'time by `pulls` and `pushes`.',
        }),
      }),
    ),
  })
  .openapi('UsageTop');

export const pulledSchema = z
  .object({
    storedBytes: z.int(),
    measuredAt: time,
    trackedSince: time.optional(),
    windows: z.array(
      z.object({
        days: z.int(),
        bytes: z.int().openapi({ description: 'Of images that were pulled in these days.' }),
        share: z.number().openapi({ description: 'Of the stored bytes, 0 to 1.' }),
        whole: z.boolean().openapi({ description: 'Whether pulls were tracked for as long.' }),
      }),
    ),
  })
  .openapi('UsagePulled');

export const forecastSchema = z
  .object({
    quotaBytes: z.int(),
    storedBytes: z.int(),
    bytesPerDay: z.int().optional().openapi({
      description: 'Of the straight line nearest to the surveys of the last week; absent before there are two.',
    }),
    fullAt: time
      .optional()
      .openapi({ description: 'When that line meets the quota; absent when it does not within ten years.' }),
    measuredAt: time,
  })
  .openapi('UsageForecast');

export const exportQuery = z.object({ of: z.enum(['repositories', 'images']).default('repositories'), ...rangeQuery });
