import { describe, expect, it, vi } from 'vitest';
import { mutations } from './mutations.ts';
import { caseOf } from './cases.ts';
import { failureOf, firstFailure, shrunk } from './run.ts';
import type { Failure } from './run.ts';

// Waits between attempts are real time, and random: here others just have their turns first.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

const runs = Number(process.env.SIMULATION_RUNS ?? 10_000);
const firstSeed = Number(process.env.SIMULATION_SEED ?? Math.floor(Math.random() * 2 ** 31));
const seeds = (count: number) => Array.from({ length: count }, (_, index) => firstSeed + index);

/** To see it again: SIMULATION_SEED=… SIMULATION_RUNS=1. */
async function described(failure: Failure): Promise<string> {
  const least = await shrunk(failure);
  return `seed ${failure.case.seed}: ${failure.message}\nshrunk to ${JSON.stringify(least.case, undefined, 1)}\n${least.message}`;
}

describe(`pushes, mounts, pulls, deletes, restores, purges and crashes in any order (seed ${firstSeed})`, () => {
  it(`lose no byte that can be reached, and leave nothing for ever: ${runs} runs`, async () => {
    const failure = await firstFailure(seeds(runs));
    expect(failure === undefined ? 'no failure' : await described(failure)).toBe('no failure');
  }, 600_000);

  it('go the same way again for the same seed', async () => {
    expect(await failureOf(caseOf(firstSeed))).toEqual(await failureOf(caseOf(firstSeed)));
  });
});

describe('a bug that is put in on purpose', () => {
  it.each(Object.entries(mutations))('is found: %s', async (_, mutation) => {
    expect(await firstFailure(seeds(3_000), mutation)).toBeDefined();
  }, 300_000);
});
