import { Cached } from '../../core/documents/cached.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Totals } from './ports.ts';

/** A list of at most so many is counted for every page: that costs the index next to nothing. */
const countedEachTime = 10_000;
/** The total of a longer one is believed for so many milliseconds. */
const freshMs = 60_000;
const mostKept = 1_000;

/** Makes totals that are exact for lists of usual length; those of very long ones may be a minute old. */
export function totalsFor(clock: Clock): Totals {
  const known = new Cached<{ readonly total: number }>({ clock, freshMs, max: mostKept });
  return {
    async of(list, count) {
      const there = known.peek(list);
      if (there !== undefined) return there.total;
      const total = await count();
      if (total > countedEachTime) known.set(list, { total });
      return total;
    },
  };
}
