import { describe, expect, it, vi } from 'vitest';
import type { DocumentChange } from '../../../shared/core/ports/documents.ts';
import { sized } from '../../deep.ts';
import { caseOf } from './cases.ts';
import type { Failure } from './run.ts';
import { failureOf, firstFailure, shrunk } from './run.ts';
import type { Mutation } from './world.ts';

// Waits between attempts are real time, and random: here others just have their turns first.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

const runs = Number(process.env.REPLICATION_RUNS ?? sized(20, 1_000));
const firstSeed = Number(process.env.SIMULATION_SEED ?? Math.floor(Math.random() * 2 ** 31));
const seeds = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);
const fixed = seeds(1, 500);

/** To see it again: SIMULATION_SEED=… REPLICATION_RUNS=1. */
async function described(failure: Failure): Promise<string> {
  const least = await shrunk(failure);
  return (
    `seed ${failure.case.seed}: ${failure.message}\nshrunk to ` +
    `${least.case.rounds.map((round) => JSON.stringify(round)).join('\n')}\n${least.message}`
  );
}

const without = (test: (change: DocumentChange) => boolean): Mutation => ({
  change: (change) => (test(change) ? undefined : change),
});
const setsCopy = (change: DocumentChange) =>
  change.do === 'patch' &&
  change.id === 'blob' &&
  Object.keys(change.set ?? {}).some((path) => path.startsWith('copies.'));

/** Each takes one precaution away, in a sentence. */
const mutations: Record<string, Mutation> = {
  'a copy does not ask whether the blob is still there': {
    change: (change) =>
      setsCopy(change) && change.do === 'patch'
        ? { do: 'upsert', document: { id: 'blob', type: 'blob', schemaVersion: 1, ...change.set } }
        : change,
  },
  'a finished copy is not registered': without(setsCopy),
  'a finished copy stays planned': without((change) => change.do === 'delete' && change.id.startsWith('copy:')),
  'a region that is emptied leaves nothing elsewhere': {
    change: (change) =>
      change.do === 'replace' && change.document.type === 'blob'
        ? { ...change, document: { ...change.document, copies: {} } }
        : change,
  },
  'copies are not planned': without((change) => change.do === 'create' && change.document.type === 'copy'),
  'an image that waits is not written down': without(
    (change) => change.do === 'upsert' && change.document.type === 'replicated',
  ),
};

describe(
  'pushes, deletes, copies, drains, reconciles, purges, outages and crashes in three regions, in any order ' +
    `(seed ${firstSeed})`,
  () => {
    it(`converge, lose nothing, and bring nothing back: ${runs} runs`, async () => {
      const failure = await firstFailure(seeds(firstSeed, runs));
      expect(failure === undefined ? 'no failure' : await described(failure)).toBe('no failure');
    }, 1_200_000);

    it('go the same way again for the same seed', async () => {
      const mutation = mutations['a finished copy is not registered'];
      const failure = await firstFailure(fixed, mutation);
      if (failure === undefined) throw new Error('a mutation was not found');
      expect(await failureOf(caseOf(failure.case.seed), mutation)).toEqual(failure);
    }, 120_000);
  },
);

describe('a bug of replication that is put in on purpose', () => {
  it.each(Object.entries(mutations))(
    'is found: %s',
    async (_, mutation) => {
      expect(await firstFailure(fixed, mutation)).toBeDefined();
    },
    120_000,
  );
});
