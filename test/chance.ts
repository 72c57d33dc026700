import { relative } from 'node:path';
import { beforeEach, expect } from 'vitest';
import { setUsualChance } from '../shared/adapters/memory/chance.ts';
import { beginDraws, drawFor, drawnSeed, usualDraws, withoutLostAnswers } from './draws.ts';

drawFor(relative(process.cwd(), expect.getState().testPath ?? ''));
setUsualChance(usualDraws);

/** Loses no answer in all of a test file. */
export function loseNoAnswers(): void {
  setUsualChance(withoutLostAnswers);
}

beforeEach(({ onTestFailed }) => {
  beginDraws();
  onTestFailed(() => {
    const seed = drawnSeed();
    if (seed !== undefined)
      console.error(`Memory's stores drew their empty pages and lost answers from CHANCE_SEED=${seed}.`);
  });
});
