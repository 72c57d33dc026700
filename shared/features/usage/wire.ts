import { z } from '@hono/zod-openapi';
import { tagSchema } from '../../core/documents/names.ts';
import { repositoryIn } from '../../core/http/management.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { granularities } from './period.ts';

const bytes = (description: string) => z.int().openapi({ description });
const time = (description: string) => z.string().openapi({ format: 'date-time', description });

const countsWire = {
  pulls: z.int().openapi({ description: 'The number of GETs of manifests.' }),
  heads: z.int().openapi({ description: 'The number of HEADs of manifests.' }),
  blobPulls: z.int().openapi({
    description: 'The number of GETs of blobs, for repositories only: a blob does not show of which image it is.',
  }),
  pushes: z.int().openapi({ description: 'The number of pushes of manifests.' }),
};

const countsSchema = z.object(countsWire).openapi('UsageCounts', { description: 'The counts of one interval.' });

const periodSchema = z
  .object({
    from: time('The beginning of the period, inclusive.'),
    to: time('The end of the period, exclusive.'),
    by: z.enum(granularities).openapi({ description: 'The interval of one entry of the series.' }),
    ...countsWire,
    byClient: z.record(z.string(), countsSchema).openapi({
      description: 'The sums over the whole days that the period touches; for a tag or digest, over all time.',
    }),
    byRegion: z
      .record(z.string(), countsSchema)
      .openapi({ description: 'The same counts by the region that answered.' }),
    series: z
      .array(z.object({ at: time('The beginning of the entry.'), ...countsWire }))
      .openapi({ description: 'The counts in the order of their times; intervals without any are left out.' }),
  })
  .openapi('UsagePeriod', { description: 'The counts of a period of time.' });

const sizesSchema = z
  .object({
    uniqueBytes: bytes('The bytes in Blob Storage that nothing else needs.'),
    sharedBytes: bytes('The bytes in Blob Storage that something else needs too.'),
    freedBytes: bytes(
      'The bytes that its deletion frees in Blob Storage in the end; absent for a registry.',
    ).optional(),
    logicalBytes: bytes(
      'For a tag or digest: the bytes of its manifests and blobs, each counted once, as they were measured.',
    ).optional(),
    claimedBytes: bytes(
      'For a tag or digest: the bytes of layers that are stored elsewhere and never were here, by the ' +
        'sizes that its manifests claim. No other number includes them.',
    ).optional(),
    recycledBytes: bytes('The bytes that only images in the recycle bin need.').optional(),
    unneededBytes: bytes('The bytes that no image needs, until they are collected.').optional(),
    unlinkedBytes: bytes(
      'For a registry: the bytes that no repository may read any more, until they are collected.',
    ).optional(),
    storedBytes: bytes('For a registry: the sum of unique, shared and unlinked bytes.').optional(),
    measuredAt: time('The time of the last survey; absent if the bytes were counted for this request.').optional(),
  })
  .openapi('UsageSizes', { description: 'The stored bytes by what needs them.' });

export const usageSchema = z
  .object({
    registry: z.string().openapi({ description: 'The name of the registry.' }),
    repository: z
      .string()
      .optional()
      .openapi({ description: 'The repository of the request, if it has one.', example: 'team/app' }),
    tag: z.string().optional().openapi({ description: 'The tag of the request, if it has one.' }),
    digest: z.string().optional().openapi({ description: 'The digest of the request, if it has one.' }),
    trackedSince: time('The time since which every pull is known, without a gap.').optional(),
    ...countsWire,
    images: z.int().optional().openapi({
      description: 'For a repository: the number of its manifests; an index and its children count one each.',
    }),
    bytes: z
      .int()
      .optional()
      .openapi({
        description:
          'For a repository: the bytes of its manifests and of their stored blobs, each counted once, as ' +
          'they were measured.',
      }),
    lastPull: time('The time of the last pull by GET, without scanners and replication.').optional(),
    lastHead: time('The time of the last pull by HEAD, without scanners and replication.').optional(),
    lastPush: time('The time of the last push of a manifest.').optional(),
    sizes: sizesSchema
      .optional()
      .openapi({ description: 'The stored bytes; absent before the first survey, and for deleted content.' }),
    period: periodSchema.openapi({ description: 'The counts of the requested period.' }),
  })
  .openapi('Usage', { description: 'The usage of the registry, a repository or an image.' });
export type UsageOnWire = z.infer<typeof usageSchema>;

const dateSchema = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'must be a date or a time, as in 2026-01-31 or 2026-01-31T12:00:00Z',
});
const rangeQuery = {
  from: dateSchema.optional().openapi({
    type: 'string',
    example: '2026-01-01',
    description: 'The beginning of the period, inclusive; absent, 30 days before the end.',
  }),
  to: dateSchema
    .optional()
    .openapi({ type: 'string', example: '2026-02-01', description: 'The end of the period, exclusive; absent, now.' }),
};

const digestText = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'must be sha256: or sha512: and hexadecimal digits',
);

export const usageQuery = z
  .object({
    repository: repositoryIn('The repository; absent, the whole registry.').optional(),
    tag: z
      .string()
      .pipe(tagSchema)
      .optional()
      .openapi({ type: 'string', example: 'v1', description: 'A tag of the repository.' }),
    digest: digestText
      .optional()
      .openapi({ type: 'string', description: 'The digest of a manifest of the repository.' }),
    by: z.enum(granularities).default('day').openapi({ description: 'The interval of one entry of the series.' }),
    ...rangeQuery,
  })
  .refine(
    ({ repository, tag, digest }) => repository !== undefined || (tag === undefined && digest === undefined),
    'a tag or digest needs its repository: add "repository"',
  )
  .refine(
    ({ tag, digest }) => tag === undefined || digest === undefined,
    'tag and digest exclude each other: send one of them',
  );
export type UsageQuery = z.infer<typeof usageQuery>;

const orders = ['size', 'waste', 'pulls', 'pushes'] as const;
export type Order = (typeof orders)[number];

export const topQuery = z.object({
  by: z.enum(orders).openapi({ description: 'The number by which the repositories are ordered.' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(20)
    .openapi({ description: 'The most repositories in the list.' }),
});

export const topSchema = z
  .object({
    items: z
      .array(
        z.object({
          repository: z.string().openapi({ description: 'The name of the repository.' }),
          value: z.int().openapi({
            description:
              'The bytes in Blob Storage that it may read, for `size`, or that are recycled or unneeded, for ' +
              '`waste`; the number over all time for `pulls` and `pushes`.',
          }),
        }),
      )
      .openapi({ description: 'Repositories, the one with most first.' }),
  })
  .openapi('UsageTop', { description: 'The repositories with most of something.' });

export const pulledSchema = z
  .object({
    storedBytes: z.int().openapi({ description: 'All bytes that are stored.' }),
    measuredAt: time('The time of the last survey.'),
    trackedSince: time('The time since which every pull is known, without a gap.').optional(),
    windows: z
      .array(
        z.object({
          days: z.int().openapi({ description: 'The number of the last days.' }),
          bytes: z.int().openapi({ description: 'The bytes of images that were pulled in these days.' }),
          share: z.number().openapi({ description: 'The share of the stored bytes, from 0 to 1.' }),
          whole: z.boolean().openapi({ description: 'True if pulls were tracked for as long.' }),
        }),
      )
      .openapi({ description: 'The shares by numbers of days.' }),
  })
  .openapi('UsagePulled', { description: 'The shares of the stored bytes that were pulled lately.' });

export const forecastSchema = z
  .object({
    quotaBytes: z.int().openapi({ description: 'The bytes that may be stored.' }),
    storedBytes: z.int().openapi({ description: 'The bytes that are stored.' }),
    bytesPerDay: z.int().optional().openapi({
      description: "The growth a day by the regression line of the last week's surveys; absent before there are two.",
    }),
    fullAt: time('The time at which that line reaches the quota; absent if it does not within ten years.').optional(),
    measuredAt: time('The time of the last survey.'),
  })
  .openapi('UsageForecast', { description: 'The forecast when the stored bytes reach the quota.' });

export const exportQuery = z.object({
  of: z.enum(['repositories', 'images']).default('repositories').openapi({ description: 'The subject of one line.' }),
  ...rangeQuery,
});
