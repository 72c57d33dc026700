import { z } from '@hono/zod-openapi';
import { repositorySchema, tagSchema } from '../../core/documents/names.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { granularities } from './period.ts';

const bytes = (description: string) => z.int().openapi({ description });
const time = (description: string) => z.string().openapi({ format: 'date-time', description });

const countsWire = {
  pulls: z.int().openapi({ description: 'Manifests that were got.' }),
  heads: z.int().openapi({ description: 'Manifests that were asked for by HEAD.' }),
  blobPulls: z
    .int()
    .openapi({ description: 'Blobs that were got. Of repositories: no blob says of which image it is.' }),
  pushes: z.int().openapi({ description: 'Manifests that were pushed, each push counted.' }),
};

const countsSchema = z.object(countsWire).openapi('UsageCounts', { description: 'How often something was done.' });

const periodSchema = z
  .object({
    from: time('Where it begins, inclusive.'),
    to: time('Where it ends, exclusive.'),
    by: z.enum(granularities).openapi({ description: 'How long one entry of the series is.' }),
    ...countsWire,
    byClient: z
      .record(z.string(), countsSchema)
      .openapi({ description: 'Of the whole days that the period touches. Of a tag or digest: of all time.' }),
    byRegion: z.record(z.string(), countsSchema).openapi({ description: 'The same counts by the region that served.' }),
    series: z
      .array(z.object({ at: time('Where the entry begins.'), ...countsWire }))
      .openapi({ description: 'The counts one after the other; what has none is left out.' }),
  })
  .openapi('UsagePeriod', { description: 'The counts of a period of time.' });

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
    measuredAt: time('When the last survey looked; absent where it was looked now.').optional(),
  })
  .openapi('UsageSizes', { description: 'How many bytes are stored, and for whom.' });

export const usageSchema = z
  .object({
    registry: z.string().openapi({ description: 'The name of the registry.' }),
    repository: z
      .string()
      .optional()
      .openapi({ description: 'The repository, where one was asked for.', example: 'team/app' }),
    tag: z.string().optional().openapi({ description: 'The tag, where one was asked for.' }),
    digest: z.string().optional().openapi({ description: 'The digest, where one was asked for.' }),
    trackedSince: time('Since when every pull is known, without a gap.').optional(),
    ...countsWire,
    images: z
      .int()
      .optional()
      .openapi({ description: 'Of a repository: manifests held; an index and its children count one each.' }),
    bytes: z.int().optional().openapi({
      description:
        'Of a repository: its manifests and those blobs of theirs that are stored, each once, as they were measured.',
    }),
    lastPull: time('The last pull by GET, scanners and replication left out.').optional(),
    lastHead: time('The last pull by HEAD, scanners and replication left out.').optional(),
    lastPush: time('The last push of a manifest.').optional(),
    sizes: sizesSchema.optional().openapi({ description: 'Absent before the first survey, and of what is gone.' }),
    period: periodSchema.openapi({ description: 'The counts of the period that was asked for.' }),
  })
  .openapi('Usage', { description: 'What of the registry, a repository or an image is stored, pulled and pushed.' });
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
    tag: z
      .string()
      .pipe(tagSchema)
      .optional()
      .openapi({ type: 'string', example: 'v1', description: 'A tag of the repository.' }),
    digest: digestText
      .optional()
      .openapi({ type: 'string', description: 'The digest of a manifest of the repository.' }),
    by: z.enum(granularities).default('day').openapi({ description: 'How long one entry of the series is.' }),
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
  by: z.enum(orders).openapi({ description: 'What the repositories are ordered by.' }),
  limit: z.coerce.number().int().min(1).max(100).default(20).openapi({ description: 'How many are listed at most.' }),
});

export const topSchema = z
  .object({
    items: z
      .array(
        z.object({
          repository: z.string().openapi({ description: 'The name of the repository.' }),
          value: z.int().openapi({
            description:
              'Bytes of Blob Storage: all that it may read by `size`; recycled and unneeded ones by `waste`. Of all ' +
              'time by `pulls` and `pushes`.',
          }),
        }),
      )
      .openapi({ description: 'Repositories, the one with most first.' }),
  })
  .openapi('UsageTop', { description: 'The repositories with most of something.' });

export const pulledSchema = z
  .object({
    storedBytes: z.int().openapi({ description: 'All bytes that are stored.' }),
    measuredAt: time('When the last survey looked.'),
    trackedSince: time('Since when every pull is known, without a gap.').optional(),
    windows: z
      .array(
        z.object({
          days: z.int().openapi({ description: 'How many days are looked back.' }),
          bytes: z.int().openapi({ description: 'Of images that were pulled in these days.' }),
          share: z.number().openapi({ description: 'Of the stored bytes, 0 to 1.' }),
          whole: z.boolean().openapi({ description: 'Whether pulls were tracked for as long.' }),
        }),
      )
      .openapi({ description: 'The shares, by how far is looked back.' }),
  })
  .openapi('UsagePulled', { description: 'What share of the stored bytes was pulled lately.' });

export const forecastSchema = z
  .object({
    quotaBytes: z.int().openapi({ description: 'The bytes that may be stored.' }),
    storedBytes: z.int().openapi({ description: 'The bytes that are stored.' }),
    bytesPerDay: z.int().optional().openapi({
      description: 'Of the straight line nearest to the surveys of the last week; absent before there are two.',
    }),
    fullAt: time('When that line meets the quota; absent when it does not within ten years.').optional(),
    measuredAt: time('When the last survey looked.'),
  })
  .openapi('UsageForecast', { description: 'When the stored bytes will meet the quota.' });

export const exportQuery = z.object({
  of: z.enum(['repositories', 'images']).default('repositories').openapi({ description: 'What one line is about.' }),
  ...rangeQuery,
});
