import { defined } from '../../../core/documents/defined.ts';
import type { SizeSample } from './documents.ts';

const dayMs = 24 * 3600_000;
/** The forecast uses the surveys of so many milliseconds, a week: a month would be slow to notice a change. */
const lookBackMs = 7 * dayMs;

export interface Forecast {
  readonly quotaBytes: number;
  readonly storedBytes: number;
  /** The slope of the straight line that is nearest to the surveys of the last week; absent before there are two. */
  readonly bytesPerDay?: number;
  /**
   * The time at which that line meets the quota, in RFC 3339; absent when it does not rise, or will not for ten years.
   */
  readonly fullAt?: string;
}

const farthestMs = 3_650 * dayMs;

/** Forecasts the growth. `samples` are oldest first; the last one is the present. */
export function forecast(samples: readonly SizeSample[], quotaBytes: number): Forecast {
  const last = samples.at(-1);
  if (last === undefined) return { quotaBytes, storedBytes: 0 };
  const known = { quotaBytes, storedBytes: last.bytes };
  const slope = slopeOf(samples.filter(({ at }) => Date.parse(last.at) - Date.parse(at) <= lookBackMs));
  if (slope === undefined) return known;
  const left = Math.max(0, quotaBytes - last.bytes);
  const inMs = slope > 0 ? left / slope : Infinity;
  return {
    ...known,
    bytesPerDay: Math.round(slope * dayMs),
    ...defined({ fullAt: inMs > farthestMs ? undefined : new Date(Date.parse(last.at) + inMs).toISOString() }),
  };
}

/** Fits a line by least squares, in bytes a millisecond. */
function slopeOf(samples: readonly SizeSample[]): number | undefined {
  const points = samples.map(({ at, bytes }) => ({ x: Date.parse(at), y: bytes }));
  const mean = { x: average(points.map(({ x }) => x)), y: average(points.map(({ y }) => y)) };
  const spread = points.reduce((sum, { x }) => sum + (x - mean.x) ** 2, 0);
  if (spread === 0) return undefined;
  return points.reduce((sum, { x, y }) => sum + (x - mean.x) * (y - mean.y), 0) / spread;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
