import { createHash } from 'node:crypto';
import type { ChanceOptions } from '../shared/adapters/memory/chance.ts';

// Benches use this too, so it imports nothing of vitest, which throws outside of a test.
const emptyPages = Number(process.env.CHANCE_EMPTY_PAGES ?? 0.3);
const lostEtags = Number(process.env.CHANCE_LOST_ETAGS ?? 0.02);
let seed = seedOf('');
let connections = 0;

/**
 * Derives the seed of a test file's draws: the same in every run, so that a failure is seen again. CHANCE_SEED=any
 * draws others, and CHANCE_SEED=… those of a failure.
 */
function seedOf(file: string): number {
  const given = process.env.CHANCE_SEED;
  if (given === 'any') return Math.floor(Math.random() * 2 ** 31);
  if (given !== undefined) return Number(given);
  return createHash('sha256').update(file).digest().readUInt32BE() >>> 1;
}

/** Gives a test file draws of its own. */
export function drawFor(file: string): void {
  seed = seedOf(file);
}

/** Begins a test: its first store draws as the first one of every test does. */
export function beginDraws(): void {
  connections = 0;
}

/** The seed, where a store has drawn by it since the test began. */
export function drawnSeed(): number | undefined {
  return connections > 0 ? seed : undefined;
}

/** Returns the options by which a store draws, with a seed of its own for each connection. */
export function usualDraws(): ChanceOptions {
  return { seed: seed + (connections += 1), emptyPages, lostEtags };
}

/** Returns the usual draws without lost answers. A caller says why it needs that. */
export function withoutLostAnswers(): ChanceOptions {
  return { ...usualDraws(), lostEtags: 0 };
}
