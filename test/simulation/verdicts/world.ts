import { CallPlan } from '../../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../../shared/adapters/memory/connect.ts';
import type { MemoryWorld } from '../../../shared/adapters/memory/world.ts';
import { createMemoryWorld } from '../../../shared/adapters/memory/world.ts';
import type { TestLongshore } from '../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../shared/core/oci/digest.ts';
import type { ContainerName, DocumentChange, Documents } from '../../../shared/core/ports/documents.ts';
import { makeIndex } from '../../shared/features/recycle-bin/binned.ts';
import { bundled } from '../../shared/features/trust/signing.ts';
import { ecKeyPair, pemOf } from '../../shared/features/trust/sigstore/instance.ts';
import { ask, makeImage } from '../../shared/image.ts';
import { simulatedChance } from '../chance.ts';

/** The milliseconds for which an instance may believe what it has read, as docs/trust.md says. */
export const freshMs = 5_000;
/** A read region of the store is behind by so much. */
export const lagMs = 5_000;
export const regionNames = ['home', 'far'] as const;
export const repositories = ['a', 'b'] as const;

const key = ecKeyPair();
export const publicKey = pemOf(key);
const [one, two] = [makeImage('one', 1), makeImage('two', 1)];
/** Two images, and an index that lists both. */
export const manifests = [one, two, makeIndex([one, two])] as const;
export const signatures = manifests.map((manifest) => bundled(key, manifest));

export const manifestAt = (at: number) => manifests[at] ?? one;
export const signatureAt = (at: number) => signatures[at] ?? bundled(key, one);

/** A bug that is put in on purpose, where an instance meets the stores. */
export interface Mutation {
  /** Returns what a change becomes; `undefined` leaves it out. */
  readonly change?: (change: DocumentChange, container: ContainerName) => DocumentChange | undefined;
}

export interface Simulated {
  /** The seed of what the stores do at random. */
  readonly seed: number;
  /** The number of commits: after a turn without one, everything is as it was. */
  commits: number;
  readonly world: MemoryWorld;
  readonly passTime: (ms: number) => void;
  /** The number of handled events in each region's topic. */
  readonly handled: Map<string, number>;
  /** Instances that live, and have nothing to do: what they remember may be old. */
  readonly idle: Actor[];
}

export function simulatedWorld(seed: number): Simulated {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const clock = { now: () => new Date(now) };
  return {
    seed,
    commits: 0,
    world: createMemoryWorld({ clock }),
    passTime: (ms) => (now += ms),
    handled: new Map(),
    idle: [],
  };
}

export interface Actor extends TestLongshore {
  readonly name: string;
  readonly calls: CallPlan;
  /** False for an instance that remembers nothing, because it has just started. */
  readonly isOld: boolean;
}

/** An instance of a region, as often as not one that did something before; `turn` is waited for before each call. */
export function actorIn(
  simulated: Simulated,
  name: string,
  id: number,
  mutation: Mutation,
  turn?: () => Promise<void>,
): Actor {
  const at = simulated.idle.findIndex((actor) => actor.name === name);
  const [old] = at === -1 || id % 3 === 0 ? [] : simulated.idle.splice(at, 1);
  const actor = old === undefined ? newActorIn(simulated, name, id, mutation) : { ...old, isOld: true };
  actor.calls.clearFaults().startAgain();
  if (turn !== undefined) actor.calls.delay(turn);
  return actor;
}

function newActorIn(simulated: Simulated, name: string, id: number, mutation: Mutation): Actor {
  const { world } = simulated;
  const calls = new CallPlan();
  const connect = (region: string, lag = 0) => {
    const chance = simulatedChance(simulated.seed + id);
    const memory = connectMemory(world, { calls, chance, region: { name: region, lagMs: lag } });
    return { ...memory, documents: mutated(memory.documents, mutation, simulated) };
  };
  const [own, near] = [connect(name), connect(name, name === 'home' ? 0 : lagMs)];
  const stores = regionNames
    .filter((other) => other !== name)
    .map((other) => {
      const { blobs, queues } = connect(other);
      return { name: other, blobs, queues, probe: () => Promise.resolve() };
    });
  let drawn = 0;
  const ids = {
    nextId: () =>
      `00000000-0000-4000-8000-${id.toString(16).padStart(6, '0')}${(drawn += 1).toString(16).padStart(6, '0')}`,
  };
  const longshore = composeForTest({
    world,
    connection: { calls, region: { name } },
    settings: { region: name },
    adapters: {
      documents: own.documents,
      blobs: own.blobs,
      ids,
      others: { near: near.documents, stores, probe: () => Promise.resolve() },
    },
  });
  return { ...longshore, name, calls, isOld: false };
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
        : documents.commitDocuments(container, partition, left).finally(() => (simulated.commits += 1));
    },
  };
}

/** Every blob is there from the beginning: what is simulated is what becomes of manifests. */
export async function pushBlobs(actor: Actor): Promise<void> {
  const blobs = [...[one, two].flatMap(({ config, layers }) => [config, ...layers])];
  const ofSignatures = signatures.flatMap(({ config, layers }) => [config, ...layers]);
  const all = new Map([...blobs, ...ofSignatures].map((bytes) => [digestOf(bytes), bytes]));
  for (const repository of repositories)
    for (const [digest, body] of all) {
      const { status } = await ask(actor.app, 'POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body });
      if (status !== 201) throw new Error(`a blob was refused with ${status}`);
    }
}
