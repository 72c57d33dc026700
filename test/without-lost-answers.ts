import type { ChanceOptions } from '../shared/adapters/memory/chance.ts';
import { usualChance } from '../shared/adapters/memory/chance.ts';

/**
 * What the stores do at random as usual, but that no answer is lost: for what counts calls. Nothing is random where no
 * test runs: benches use this too, so it needs no test runner.
 */
export function withoutLostAnswers(): ChanceOptions | 'none' {
  const usual = usualChance();
  return usual === 'none' ? 'none' : { ...usual, lostEtags: 0 };
}
