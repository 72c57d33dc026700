import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { documentsOf } from '../../core/documents/pages.ts';
import { parseStored } from '../../core/documents/stored.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { QueryDocuments } from '../../core/ports/documents.ts';
import type { ImagePulls, UsageDay } from './counters.ts';
import { daySchema, hourSchema } from './counters.ts';
import type { Counts, CountsBy } from './counts.ts';
import { plus, sumOf } from './counts.ts';

export const granularities = ['minute', 'hour', 'day'] as const;
export type Granularity = (typeof granularities)[number];

/** A period, `from` inclusive, `to` exclusive. */
export interface Period {
  readonly from: Date;
  readonly to: Date;
  readonly by: Granularity;
}

/**
 * The counts of a period. `at` is the start of a minute, hour or day in UTC, RFC 3339. Points without counts are left
 * out.
 */
export interface PeriodCounts extends Counts {
  readonly byClient: CountsBy;
  readonly byRegion: CountsBy;
  readonly series: readonly (Counts & { readonly at: string })[];
}

const dayMs = 24 * 3600_000;
/** The longest period in days: one answer holds at most some three thousand points. */
const longest: Readonly<Record<Granularity, number>> = { minute: 2, hour: 93, day: 400 };

/** Completes a period; without bounds it is the last month in days. Throws `RegistryError` (`request-invalid`). */
export function periodOf(
  asked: { readonly from?: string | undefined; readonly to?: string | undefined; readonly by: Granularity },
  now: Date,
): Period {
  // The running minute is included.
  const to = asked.to === undefined ? new Date(now.getTime() + 60_000) : new Date(asked.to);
  const usual = Math.min(30, longest[asked.by]);
  const from = asked.from === undefined ? new Date(to.getTime() - usual * dayMs) : new Date(asked.from);
  if (from >= to) throw new RegistryError({ is: 'request-invalid', why: 'from must be before to' });
  if (to.getTime() - from.getTime() > longest[asked.by] * dayMs)
    throw new RegistryError({
      is: 'request-invalid',
      why: `by ${asked.by} a period may have at most ${longest[asked.by]} days: choose a shorter one, or a larger interval`,
    });
  return { from, to, by: asked.by };
}

/** Reads the counters of a repository, or of a registry as a whole. Throws `StoreFailure`. */
export async function countsIn(documents: QueryDocuments, key: RepositoryKey, period: Period): Promise<PeriodCounts> {
  const days = await daysIn(documents, key, period);
  const points =
    period.by === 'minute' ? await minutesIn(documents, key, period) : days.flatMap((day) => pointsOf(day, period.by));
  const inside = within(points, period);
  // Clients and regions are known for whole days.
  return {
    ...sumOf(inside),
    byClient: merged(days.map(({ byClient }) => byClient)),
    byRegion: merged(days.map(({ byRegion }) => byRegion)),
    series: inside,
  };
}

/** Returns the counts of an image, which are known for whole days alone. Throws `RegistryError` (`request-invalid`). */
export function imageCountsIn(
  { days, byClient, byRegion }: Pick<ImagePulls, 'days' | 'byClient' | 'byRegion'>,
  period: Period,
): PeriodCounts {
  if (period.by !== 'day')
    throw new RegistryError({ is: 'request-invalid', why: 'tags and digests are counted by day alone: send by=day' });
  const inside = within(
    Object.entries(days).map(([day, counts]) => ({ at: `${day}T00:00:00Z`, ...counts })),
    period,
  );
  return { ...sumOf(inside), byClient, byRegion, series: inside };
}

type Point = Counts & { readonly at: string };

async function daysIn(documents: QueryDocuments, key: RepositoryKey, { from, to }: Period): Promise<UsageDay[]> {
  const query = {
    container: 'usage' as const,
    partition: partitionOf(key),
    where: [
      { path: 'type', is: '=' as const, value: 'usage-day' },
      { path: 'day', is: '>=' as const, value: dayOf(from) },
      { path: 'day', is: '<=' as const, value: dayOf(lastOf(to)) },
    ],
    limit: 400,
  };
  const days: UsageDay[] = [];
  for await (const found of documentsOf(documents, query)) days.push(parseStored(daySchema, found, query).document);
  return days;
}

async function minutesIn(documents: QueryDocuments, key: RepositoryKey, { from, to }: Period): Promise<Point[]> {
  const query = {
    container: 'usage' as const,
    partition: partitionOf(key),
    where: [
      { path: 'type', is: '=' as const, value: 'usage-hour' },
      { path: 'hour', is: '>=' as const, value: from.toISOString().slice(0, 13) },
      { path: 'hour', is: '<=' as const, value: lastOf(to).toISOString().slice(0, 13) },
    ],
    limit: 400,
  };
  const points: Point[] = [];
  for await (const found of documentsOf(documents, query)) {
    const { hour, minutes } = parseStored(hourSchema, found, query).document;
    points.push(...Object.entries(minutes).map(([minute, counts]) => ({ at: `${hour}:${minute}:00Z`, ...counts })));
  }
  return points;
}

function pointsOf({ day, hours, pulls, heads, blobPulls, pushes }: UsageDay, by: Granularity): Point[] {
  if (by === 'day') return [{ at: `${day}T00:00:00Z`, pulls, heads, blobPulls, pushes }];
  return Object.entries(hours).map(([hour, counts]) => ({ at: `${day}T${hour}:00:00Z`, ...counts }));
}

/** Returns the points that touch the period, in their order; those of several shards at one time are one. */
function within(points: readonly Point[], { from, to, by }: Period): Point[] {
  const first = { minute: from.toISOString().slice(0, 16), hour: from.toISOString().slice(0, 13), day: dayOf(from) }[
    by
  ];
  const last = to.toISOString();
  const inside = Map.groupBy(
    points.filter(({ at }) => at >= first && at < last),
    ({ at }) => at,
  );
  return [...inside].map(([at, same]) => ({ at, ...sumOf(same) })).sort((a, b) => (a.at < b.at ? -1 : 1));
}

function merged(all: readonly CountsBy[]): CountsBy {
  const sums: Record<string, Counts> = {};
  for (const by of all) for (const [name, counts] of Object.entries(by)) sums[name] = plus(sums[name], counts);
  return sums;
}

/** Returns the last moment of a period, whose end is not in it. */
function lastOf(to: Date): Date {
  return new Date(to.getTime() - 1);
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}
