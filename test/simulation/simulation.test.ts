import { describe, expect, it, vi } from 'vitest';
import type { DocumentChange } from '../../shared/ports/documents.ts';
import { caseOf, failureOf, firstFailure, shrunk } from './run.ts';
import type { Failure } from './run.ts';
import type { Mutation } from './world.ts';

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

const without = (test: (change: DocumentChange, container: string) => boolean): Mutation => ({ change: (change, container) => (test(change, container) ? undefined : change) });
const isUpsertOf = (change: DocumentChange, type: string) => change.do === 'upsert' && change.document.type === type;
const unconditional = (container: string): Mutation => ({ change: (change, where) => (where === container && change.do === 'delete' ? { do: 'delete', id: change.id } : change) });

const mutations: Record<string, Mutation> = {
  'links are dropped without a grace': { collectorGraceMs: 0 },
  'nobody is found who needs a blob': { blind: ({ where }) => where.some(({ is }) => is === 'contains') },
  'links and blobs are deleted whatever was written since': unconditional('blobs'),
  'manifests are moved whatever was written since': unconditional('repositories'),
  'a new link does not touch its blob': without((change, container) => container === 'blobs' && change.do === 'patch' && change.id === 'blob'),
  'an index does not hold its children': without((change, container) => container === 'repositories' && change.do === 'patch' && change.id.startsWith('manifest:')),
  'a purge leaves no checks of links': without((change) => isUpsertOf(change, 'link-check')),
  'a dropped link leaves no check of its blob': without((change) => isUpsertOf(change, 'blob-check')),
  'what belongs to a manifest is not settled': without((change) => isUpsertOf(change, 'unsettled')),
  'links are not refreshed': without((change, container) => container === 'blobs' && change.do === 'patch' && change.id.startsWith('link:')),
};

describe('a bug that is put in on purpose', () => {
  it.each(Object.entries(mutations))('is found: %s', async (_, mutation) => {
    expect(await firstFailure(seeds(3_000), mutation)).toBeDefined();
  }, 300_000);
});
