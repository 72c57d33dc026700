import type { ReadLastPulls } from '../../ports/pulls.ts';
import type { BinPorts } from '../ports.ts';

/** What policies need of the world beside what the bin needs. */
export interface PolicyPorts extends BinPorts {
  readonly lastPulls: ReadLastPulls;
}

/** Pulls that nobody counts: a rule on last pull takes nothing. */
export const untracked: ReadLastPulls = { lastPulls: () => Promise.resolve(new Map()), trackedSince: () => Promise.resolve(undefined) };
