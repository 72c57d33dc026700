import { prices } from './limits.ts';
import type { measure } from './measure.ts';

/** The use of a month, and its cost in US dollars. */
export interface Month {
  readonly size: string;
  readonly used: string;
  readonly units: number;
  readonly stored: number;
  readonly calls: number;
}

interface Size {
  readonly size: string;
  readonly regions: number;
  /** The pushes a day, in all regions. */
  readonly pushes: number;
  readonly pulls: number;
  readonly gigabytes: number;
  /** The RU/s that may be used, if they are not paid one by one. */
  readonly maxThroughput?: number;
}

export const sizes: readonly Size[] = [
  { size: 'a team', regions: 1, pushes: 50, pulls: 5_000, gigabytes: 200 },
  { size: 'a company', regions: 1, pushes: 2_000, pulls: 500_000, gigabytes: 5_000 },
  { size: 'three regions', regions: 3, pushes: 20_000, pulls: 5_000_000, gigabytes: 20_000, maxThroughput: 10_000 },
];

const [days, hours] = [30, 730];
/**
 * The part of the allowed RU/s that is paid. Autoscale bills the highest use of each hour, and at least a tenth of the
 * maximum; a quarter is assumed, for no load is even.
 */
const usedOfAllowed = 0.25;

export function months({ pushOneLayer, pull }: Awaited<ReturnType<typeof measure>>): Month[] {
  return sizes.map(({ size, regions, pushes, pulls, gigabytes, maxThroughput }) => {
    const units = days * (pushes * pushOneLayer.units + pulls * pull.units);
    const paid =
      maxThroughput === undefined
        ? (units / 1e6) * prices.serverless.value
        : (maxThroughput / 100) * usedOfAllowed * prices.autoscale.value * hours * regions;
    const [writes, reads] = [days * pushes * pushOneLayer.blobCalls * regions, days * pulls * pull.blobCalls];
    return {
      size,
      used:
        `${pushes.toLocaleString('en')} pushes and ${pulls.toLocaleString('en')} pulls a day, ` +
        `${gigabytes.toLocaleString('en')} GB in ` +
        (regions === 1
          ? 'one region; serverless'
          : `each of ${regions} regions; autoscale up to ` + `${(maxThroughput ?? 0).toLocaleString('en')} RU/s`),
      units: paid,
      stored: gigabytes * prices.stored.value * regions,
      calls: (writes / 10_000) * prices.writes.value + (reads / 10_000) * prices.reads.value,
    };
  });
}
