import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import { beforeEach, expect } from 'vitest';
import type { ChanceOptions } from '../shared/adapters/memory/chance.ts';
import { setUsualChance } from '../shared/adapters/memory/chance.ts';

/**
 * Each test file has draws of its own, the same in every run, so that a failure is seen again. CHANCE_SEED=any draws
 * others, and CHANCE_SEED=… those of a failure.
 */
const seed = seedOf(process.env.CHANCE_SEED);

function seedOf(given: string | undefined): number {
  if (given === 'any') return Math.floor(Math.random() * 2 ** 31);
  if (given !== undefined) return Number(given);
  const file = relative(process.cwd(), expect.getState().testPath ?? '');
  return createHash('sha256').update(file).digest().readUInt32BE() >>> 1;
}
const emptyPages = Number(process.env.CHANCE_EMPTY_PAGES ?? 0.3);
const lostEtags = Number(process.env.CHANCE_LOST_ETAGS ?? 0.02);
let connections = 0;

function usual(): ChanceOptions {
  return { seed: seed + (connections += 1), emptyPages, lostEtags };
}

setUsualChance(usual);

/** No answer is lost in all of a test file. Whoever asks for it says why. */
export function loseNoAnswers(): void {
  setUsualChance(() => ({ ...usual(), lostEtags: 0 }));
}

beforeEach(({ onTestFailed }) => {
  connections = 0;
  const explain = () => {
    if (connections > 0)
      console.error(`Memory's stores drew their empty pages and lost answers from CHANCE_SEED=${seed}.`);
  };
  onTestFailed(explain);
});
