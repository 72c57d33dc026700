import { CallPlan } from '../../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../../shared/adapters/memory/connect.ts';
import type { MemoryWorld } from '../../../shared/adapters/memory/world.ts';
import { createMemoryWorld } from '../../../shared/adapters/memory/world.ts';
import type { TestLongshore } from '../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../shared/app/compose-for-test.ts';
import type { ContainerName, DocumentChange, Documents } from '../../../shared/core/ports/documents.ts';
import { StoreFailure } from '../../../shared/core/ports/failures.ts';
import { makeImage } from '../../shared/image.ts';
import { simulatedChance } from '../chance.ts';

export const graceMs = 24 * 3600 * 1000;
export const leaseMs = 180_000;
const lagMs = 5_000;
export const regionNames = ['east', 'north', 'west'] as const;
export const repositories = ['a', 'b'] as const;
/** Two share a layer. */
export const images = [makeImage('one', 1, {}, 'shared'), makeImage('two', 2, {}, 'shared'), makeImage('three', 1)];

/** A bug that is put in on purpose. */
export interface Mutation {
  /** Returns what a change becomes; `undefined` leaves it out. */
  readonly change?: (change: DocumentChange, container: ContainerName) => DocumentChange | undefined;
}

export interface Simulated {
  /** The seed of what the stores do at random. */
  readonly seed: number;
  writes: number;
  readonly world: MemoryWorld;
  readonly passTime: (ms: number) => void;
  /** The number of handled events in each region's topic. */
  readonly handled: Map<string, number>;
  /** The regions whose storage refuses everything. */
  readonly down: Set<string>;
  /** Processes that live, and have nothing to do: what they remember may be old. */
  readonly idle: Actor[];
}

export function simulatedWorld(seed: number): Simulated {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const clock = { now: () => new Date(now) };
  return {
    seed,
    writes: 0,
    world: createMemoryWorld({ clock }),
    passTime: (ms) => (now += ms),
    handled: new Map(),
    down: new Set(),
    idle: [],
  };
}

export interface Actor extends TestLongshore {
  readonly name: string;
  readonly calls: CallPlan;
}

/**
 * A process of a region, as often as not one that did something before. `turn` is waited for before each of its calls,
 * whatever it calls.
 */
export function actorIn(
  simulated: Simulated,
  name: string,
  id: number,
  mutation: Mutation,
  turn?: () => Promise<void>,
): Actor {
  const at = simulated.idle.findIndex((actor) => actor.name === name);
  const [actor = newActorIn(simulated, name, id, mutation)] = at === -1 ? [] : simulated.idle.splice(at, 1);
  actor.calls.clearFaults().startAgain();
  if (turn !== undefined) actor.calls.delay(turn);
  return actor;
}

function newActorIn(simulated: Simulated, name: string, id: number, mutation: Mutation): Actor {
  const { world } = simulated;
  const calls = new CallPlan();
  const connect = (region: string, lag = 0) => {
    const memory = connectMemory(world, {
      calls,
      chance: simulatedChance(simulated.seed + id),
      region: { name: region, lagMs: lag },
    });
    return {
      ...memory,
      blobs: guarded(memory.blobs, simulated, region),
      documents: mutated(memory.documents, mutation, simulated),
    };
  };
  const [own, near] = [connect(name), connect(name, lagMs)];
  const stores = regionNames
    .filter((other) => other !== name)
    .map((other) => ({ name: other, ...pick(connect(other)), probe: () => Promise.resolve() }));
  let drawn = 0;
  const ids = {
    nextId: () =>
      `00000000-0000-4000-8000-${id.toString(16).padStart(6, '0')}${(drawn += 1).toString(16).padStart(6, '0')}`,
  };
  const longshore = composeForTest({
    world,
    connection: { calls, region: { name } },
    settings: { region: name, graceMs, copies: { blockBytes: 8, leaseMs } },
    adapters: {
      documents: own.documents,
      blobs: own.blobs,
      ids,
      others: { near: near.documents, stores, probe: () => Promise.resolve() },
    },
  });
  return { ...longshore, name, calls };
}

function pick({ blobs, queues }: ReturnType<typeof connectMemory>) {
  return { blobs, queues };
}

/** A region that is cut off answers nobody; what it was asked to fetch from another that is cut off fails too. */
function guarded(
  blobs: ReturnType<typeof connectMemory>['blobs'],
  { down, world }: Simulated,
  region: string,
): ReturnType<typeof connectMemory>['blobs'] {
  const failing = Object.fromEntries(
    Object.entries(blobs).map(([verb, call]) => [
      verb,
      (...given: unknown[]): unknown => {
        const source =
          verb === 'stageBlockFrom'
            ? [...regionNames].find((name) => world.region(name).blobs.host === new URL(String(given[2])).host)
            : undefined;
        if (verb !== 'signBlobUrl' && (down.has(region) || (source !== undefined && down.has(source))))
          return Promise.reject(outage(region));
        return (call as (...all: unknown[]) => unknown)(...given);
      },
    ]),
  );
  return failing as unknown as typeof blobs;
}

function outage(region: string): StoreFailure {
  return new StoreFailure({ dependency: 'blobs', kind: 'unavailable', message: `${region} is cut off` });
}

function mutated(documents: Documents, { change }: Mutation, simulated: Simulated): Documents {
  return {
    ...documents,
    commitDocuments: async (container, partition, changes) => {
      const left =
        change === undefined
          ? changes
          : changes.map((each) => change(each, container)).filter((each) => each !== undefined);
      return left.length === 0
        ? { committed: true, etags: [] }
        : documents.commitDocuments(container, partition, left).finally(() => (simulated.writes += 1));
    },
  };
}
