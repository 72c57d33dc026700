import { describe, expect, it, vi } from 'vitest';
import { sized } from '../../deep.ts';
import type { Failure } from './run.ts';
import { firstFailure, shrunk } from './run.ts';

// Waits between attempts are real time, and random: here others just have their turns first.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

const runs = Number(process.env.VERDICT_RUNS ?? sized(6, 300));
const firstSeed = Number(process.env.SIMULATION_SEED ?? Math.floor(Math.random() * 2 ** 31));
const seeds = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);

/** To see it again: SIMULATION_SEED=… VERDICT_RUNS=1. */
async function described(failure: Failure): Promise<string> {
  const least = await shrunk(failure);
  return (
    `seed ${failure.case.seed}: ${failure.message}\nshrunk to ` +
    `${least.case.rounds.map((round) => JSON.stringify(round)).join('\n')}\n${least.message}`
  );
}

describe(
  'pushes, signatures, policies, walks, releases, deletions and crashes on several instances of two regions, in any ' +
    `order (seed ${firstSeed})`,
  () => {
    it(`serve nothing that is held, close nothing for no reason, and end judged: ${runs} runs`, async () => {
      const failure = await firstFailure(seeds(firstSeed, runs));
      expect(failure === undefined ? 'no failure' : await described(failure)).toBe('no failure');
    }, 2_400_000);
  },
);
