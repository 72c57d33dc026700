import { z } from 'zod';
import { withinBounds } from '../../core/documents/references.ts';

/**
 * A count, read as the nearest valid one: a sum that an older version added up without a bound does not make its
 * document unreadable.
 */
export const countSchema = z.number().transform(withinBounds);
const count = countSchema;

/** The counts of a repository, an image, a client class or a region, in any span of time. */
export const countsSchema = z.object({
  /** The number of GETs of manifests. */
  pulls: count.default(0),
  /** The number of HEADs of manifests. */
  heads: count.default(0),
  /** The number of GETs of blobs. */
  blobPulls: count.default(0),
  pushes: count.default(0),
});
export type Counts = z.infer<typeof countsSchema>;

export const noCounts: Counts = { pulls: 0, heads: 0, blobPulls: 0, pushes: 0 };

/** Adds counts, and ignores any other property. */
export function plus(a: Counts = noCounts, b: Counts = noCounts): Counts {
  const add = (one: number, other: number) => withinBounds(one + other);
  return {
    pulls: add(a.pulls, b.pulls),
    heads: add(a.heads, b.heads),
    blobPulls: add(a.blobPulls, b.blobPulls),
    pushes: add(a.pushes, b.pushes),
  };
}

export function sumOf(all: Iterable<Counts>): Counts {
  let sum = noCounts;
  for (const each of all) sum = plus(sum, each);
  return sum;
}

export type CountsBy = Readonly<Record<string, Counts>>;

export function plusAt(by: CountsBy, name: string, counts: Counts): Record<string, Counts> {
  return { ...by, [name]: plus(by[name], counts) };
}
