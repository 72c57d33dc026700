import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { registrySchema } from '../../core/documents/names.ts';
import { documentShape } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegistryName, RepositoryName, Tag } from '../../core/oci/name.ts';
import type { CountedRow } from './batch.ts';
import { usesWhatItPulls } from './client-class.ts';
import { countsSchema, noCounts, plus, plusAt } from './counts.ts';

/**
 * Returns the key of the counters of a registry as a whole. They lie beside those of its repositories, under a name
 * that no repository can have, and are read with one request, whatever the number of repositories.
 */
export function wholeRegistry(registry: RegistryName): RepositoryKey {
  return { registry, repository: '_registry' as RepositoryName };
}

const daySeconds = 24 * 3600;
/**
 * Documents are kept for so many seconds after their last write: minutes for 32 days, hours and days for 400, an
 * image's last pull for 1,100.
 */
const kept = { hour: 32 * daySeconds, day: 400 * daySeconds, image: 1_100 * daySeconds };
/** An image keeps its own pulls for so many days that had some. */
const daysOfImage = 100;

const countsBySchema = z.record(z.string(), countsSchema);
const counter = { registry: registrySchema, repository: z.string(), ttl: z.int(), ...countsSchema.shape };
const lastTimes = {
  lastPull: z.iso.datetime().optional(),
  lastHead: z.iso.datetime().optional(),
  lastPush: z.iso.datetime().optional(),
};

/** The counts of an hour, `2026-01-01T05`, and of its minutes, `00` to `59`. */
export const hourSchema = z.object({
  ...documentShape('usage-hour'),
  ...counter,
  hour: z.string(),
  minutes: countsBySchema,
});
export type UsageHour = z.infer<typeof hourSchema>;

/** The counts of a day, `2026-01-01` in UTC, and of its hours, `00` to `23`. */
export const daySchema = z.object({
  ...documentShape('usage-day'),
  ...counter,
  day: z.string(),
  hours: countsBySchema,
  byClient: countsBySchema,
  byRegion: countsBySchema,
  ...lastTimes,
});
export type UsageDay = z.infer<typeof daySchema>;

/** The counts of one digest or one tag, over all time, and of its last days. */
export const imagePullsSchema = z.object({
  ...documentShape('usage-pulls'),
  ...counter,
  of: z.enum(['digest', 'tag']),
  name: z.string(),
  days: countsBySchema,
  byClient: countsBySchema,
  byRegion: countsBySchema,
  ...lastTimes,
});
export type ImagePulls = z.infer<typeof imagePullsSchema>;

export const hourId = ({ minute, shard }: Increment): string => withShard(`hour:${minute.slice(0, 13)}`, shard);
export const dayId = ({ minute, shard }: Increment): string => withShard(`day:${minute.slice(0, 10)}`, shard);
export const pullsOfDigestId = (digest: Digest): string => `pulls:${digest}`;
export const pullsOfTagId = (tag: Tag): string => `pulls-tag:${tag}`;

/** Rows that were counted in one minute in one region. */
export interface Increment {
  readonly key: RepositoryKey;
  /** The minute, as in `2026-01-01T05:07`. */
  readonly minute: string;
  readonly region: string;
  /** The shard of counters that many instances write at once: readers add the shards up. */
  readonly shard?: number;
  readonly rows: readonly CountedRow[];
}

function withShard(id: string, shard: number | undefined): string {
  return shard === undefined ? id : `${id}:${shard}`;
}

export function hourWith(before: UsageHour | undefined, increment: Increment): UsageHour {
  const { key, minute, rows } = increment;
  const hour = minute.slice(0, 13);
  const start: UsageHour = before ?? {
    id: hourId(increment),
    type: 'usage-hour',
    schemaVersion: 1,
    ...key,
    ttl: kept.hour,
    hour,
    ...noCounts,
    minutes: {},
  };
  return rows.reduce(
    (to, row) => ({ ...to, ...plus(to, row), minutes: plusAt(to.minutes, minute.slice(14), row) }),
    start,
  );
}

export function dayWith(before: UsageDay | undefined, increment: Increment): UsageDay {
  const { key, minute, region, rows } = increment;
  const day = minute.slice(0, 10);
  const start: UsageDay = before ?? {
    id: dayId(increment),
    type: 'usage-day',
    schemaVersion: 1,
    ...key,
    ttl: kept.day,
    day,
    ...noCounts,
    hours: {},
    byClient: {},
    byRegion: {},
  };
  return rows.reduce(
    (to, row) => ({
      ...to,
      ...plus(to, row),
      hours: plusAt(to.hours, minute.slice(11, 13), row),
      byClient: plusAt(to.byClient, row.client, row),
      byRegion: plusAt(to.byRegion, region, row),
      ...later(to, row),
    }),
    start,
  );
}

export function imageWith(
  before: ImagePulls | undefined,
  image: Pick<ImagePulls, 'id' | 'of' | 'name'>,
  { key, minute, region, rows }: Increment,
): ImagePulls {
  const start: ImagePulls = before ?? {
    ...image,
    type: 'usage-pulls',
    schemaVersion: 1,
    ...key,
    ttl: kept.image,
    ...noCounts,
    days: {},
    byClient: {},
    byRegion: {},
  };
  return rows.reduce(
    (to, row) => ({
      ...to,
      ...plus(to, row),
      days: lastDays(plusAt(to.days, minute.slice(0, 10), row)),
      byClient: plusAt(to.byClient, row.client, row),
      byRegion: plusAt(to.byRegion, region, row),
      ...later(to, row),
    }),
    start,
  );
}

type LastTimes = Pick<ImagePulls, keyof typeof lastTimes>;

/**
 * Returns the later times. Batches come late and in any order: a time only ever moves forward. Times of one form sort
 * as text.
 */
function later(before: LastTimes, row: CountedRow): LastTimes {
  const uses = usesWhatItPulls(row.client);
  return {
    ...defined({
      lastPull: uses && row.pulls > 0 ? latest(before.lastPull, row.lastAt) : undefined,
      lastHead: uses && row.heads > 0 ? latest(before.lastHead, row.lastAt) : undefined,
      lastPush: row.pushes > 0 ? latest(before.lastPush, row.lastAt) : undefined,
    }),
  };
}

/** Returns the last times of rows. */
export function lastTimesOf(rows: readonly CountedRow[]): LastTimes {
  return rows.reduce<LastTimes>((last, row) => ({ ...last, ...later(last, row) }), {});
}

function latest(before: string | undefined, at: string): string {
  return before !== undefined && before > at ? before : at;
}

function lastDays(days: Record<string, z.infer<typeof countsSchema>>): Record<string, z.infer<typeof countsSchema>> {
  const names = Object.keys(days);
  return names.length <= daysOfImage
    ? days
    : Object.fromEntries(
        names
          .sort()
          .slice(-daysOfImage)
          .map((name) => [name, days[name] ?? noCounts]),
      );
}
