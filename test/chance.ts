import { beforeEach } from 'vitest';
import { setUsualChance } from '../shared/adapters/memory/chance.ts';
import type { ChanceOptions } from '../shared/adapters/memory/chance.ts';

/** To see a failure again: CHANCE_SEED=… with the same test file. */
const seed = Number(process.env.CHANCE_SEED ?? Math.floor(Math.random() * 2 ** 31));
const emptyPages = Number(process.env.CHANCE_EMPTY_PAGES ?? 0.3);
const lostEtags = Number(process.env.CHANCE_LOST_ETAGS ?? 0.02);
let connections = 0;

function usual(): ChanceOptions {
  return { seed: seed + (connections += 1), emptyPages, lostEtags };
}

setUsualChance(usual);

/** As usual, but no answer is lost. Whoever asks for it says why. */
export function withoutLostAnswers(): ChanceOptions {
  return { ...usual(), lostEtags: 0 };
}

/** The same for all of a test file. */
export function loseNoAnswers(): void {
  setUsualChance(withoutLostAnswers);
}

beforeEach(({ onTestFailed }) => {
  connections = 0;
  const explain = () => {
    if (connections > 0) console.error(`Memory's stores drew their empty pages and lost answers from CHANCE_SEED=${seed}.`);
  };
  onTestFailed(explain);
});
