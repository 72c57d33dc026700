import type { ChanceOptions } from '../../shared/adapters/memory/chance.ts';

/**
 * Returns what the stores do at random in a simulation: the seed of a case decides it, so that a failing one fails
 * again.
 */
export function simulatedChance(seed: number): ChanceOptions {
  return {
    seed,
    emptyPages: Number(process.env.CHANCE_EMPTY_PAGES ?? 0.2),
    lostEtags: Number(process.env.CHANCE_LOST_ETAGS ?? 0.02),
  };
}
