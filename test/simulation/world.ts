import { LRUCache } from 'lru-cache';
import { CallPlan } from '../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import type { MemoryWorld } from '../../shared/adapters/memory/world.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { Admission } from '../../shared/core/admission/admission.ts';
import { lockGate } from '../../shared/core/admission/locks.ts';
import type { RepositoryKey } from '../../shared/core/documents/names.ts';
import { withoutEmptyPages } from '../../shared/core/documents/pages.ts';
import type { RecycleForPolicies } from '../../shared/core/documents/recycling.ts';
import type { Cause } from '../../shared/core/events/envelope.ts';
import type { RegistryName, RepositoryName } from '../../shared/core/oci/name.ts';
import { openToAll } from '../../shared/core/ports/authorize.ts';
import type { ContainerName, DocumentChange, DocumentQuery, Documents } from '../../shared/core/ports/documents.ts';
import { silentLog } from '../../shared/core/ports/log.ts';
import { Coverage } from '../../shared/core/verdicts/coverage.ts';
import { collectDue } from '../../shared/features/collection/due.ts';
import type { CollectionPorts } from '../../shared/features/collection/ports.ts';
import type { PolicyPorts } from '../../shared/features/purge/ports.ts';
import { recycleBin } from '../../shared/features/recycle-bin/bin.ts';
import { purgeDue } from '../../shared/features/recycle-bin/due.ts';
import type { BinPorts } from '../../shared/features/recycle-bin/ports.ts';
import { recycle } from '../../shared/features/recycle-bin/recycle.ts';
import { RepositoryEntries } from '../../shared/features/registry/entries.ts';
import { ManifestCache } from '../../shared/features/registry/manifest-cache.ts';
import type { RegistryPorts } from '../../shared/features/registry/ports.ts';
import { SharedReads } from '../../shared/features/registry/shared-reads.ts';
import { oneRegion } from '../shared/one-region.ts';
import { simulatedChance } from './chance.ts';

export const graceMs = 24 * 3600 * 1000;
export const registry = 'sim' as RegistryName;
export const repositories = ['a', 'b'] as unknown as readonly RepositoryName[];
export const keyOf = (repository: number): RepositoryKey => ({
  registry,
  repository: repositories[repository] as RepositoryName,
});
export const cause: Cause = {
  request: { id: 'r', host: 'h', method: 'PUT', useragent: 'simulation' },
  actor: { name: 'simulation' },
};

/** A bug that is put in on purpose, where an actor meets the stores. */
export interface Mutation {
  /** Returns what a change becomes; `undefined` leaves it out. */
  readonly change?: (change: DocumentChange, container: ContainerName) => DocumentChange | undefined;
  /** Queries that find nothing. */
  readonly blind?: (query: DocumentQuery) => boolean;
  readonly collectorGraceMs?: number;
  readonly keepsNothing?: boolean;
}

export interface Simulated {
  /** The seed of what the stores do at random. */
  readonly seed: number;
  /** The number of writes. */
  writes: number;
  /** The number of published events that the policies have handled. */
  handled: number;
  readonly world: MemoryWorld;
  readonly passTime: (ms: number) => void;
}

export function simulatedWorld(seed = 0): Simulated {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const clock = { now: () => new Date(now) };
  return { seed, writes: 0, handled: 0, world: createMemoryWorld({ clock }), passTime: (ms) => (now += ms) };
}

export interface Actor {
  readonly registry: RegistryPorts;
  readonly bin: BinPorts;
  readonly collection: CollectionPorts;
  readonly policies: PolicyPorts;
  readonly calls: CallPlan;
  /** Says whether its pushes restore what somebody else deleted. */
  readonly mayRestore: boolean;
}

/** One process over the world. `turn` is waited for before each of its calls. */
export function actorIn(simulated: Simulated, id: number, mutation: Mutation, turn?: () => Promise<void>): Actor {
  const { world } = simulated;
  const calls = new CallPlan();
  if (turn !== undefined) calls.delay(turn);
  const memory = connectMemory(world, { calls, chance: simulatedChance(simulated.seed + id) });
  const wrote = () => void (simulated.writes += 1);
  // As the one object graph has them (assemble.ts).
  const documents = withoutEmptyPages(mutated(memory.documents, mutation, wrote));
  const blobs = {
    ...memory.blobs,
    deleteBlob: (name: string, ifMatch?: string) => memory.blobs.deleteBlob(name, ifMatch).finally(wrote),
  };
  let drawn = 0;
  const ids = {
    nextId: () =>
      `00000000-0000-4000-8000-${id.toString(16).padStart(6, '0')}${(drawn += 1).toString(16).padStart(6, '0')}`,
  };
  const settings = {
    region: 'home',
    blobs: 'redirect' as const,
    uploadKey: Buffer.alloc(32),
    eventSource: '/sim',
    graceMs,
  };
  const adapters = {
    admission: new Admission([lockGate]),
    documents,
    blobs,
    ...oneRegion({ documents, blobs, queues: memory.queues }),
    topic: memory.topic,
    clock: world.clock,
    ids,
    log: silentLog,
  };
  const entries = new RepositoryEntries(adapters, 10);
  const softDelete = { read: () => Promise.resolve({ enabled: true, retentionDays: 1, restoreOnPull: true }) };
  const bin: BinPorts = {
    ...adapters,
    softDelete,
    openRepository: (key) => entries.open(key),
    settings: { ...settings, graceMs: mutation.collectorGraceMs ?? graceMs },
  };
  const manifests = new ManifestCache({ clock: world.clock, maxBytes: 1 });
  const ports: RegistryPorts = {
    ...adapters,
    settings,
    callers: openToAll,
    entries,
    coverage: new Coverage(adapters),
    manifests,
    tagReads: new SharedReads(),
    cancelled: new LRUCache({ max: 1 }),
    traffic: { countBytes: () => undefined },
    pulls: { countPull: () => undefined },
    bin: recycleBin(bin),
  };
  const recycler: RecycleForPolicies = { recycle: (key, wanted, by) => recycle(bin, key, wanted, by) };
  // Nobody pulls, and nothing asks.
  const lastPulls = { lastPulls: () => Promise.resolve(new Map()), trackedSince: () => Promise.resolve(undefined) };
  return {
    registry: ports,
    bin,
    collection: { ...bin, blobs },
    policies: { ...bin, lastPulls, recycler, coverage: ports.coverage },
    calls,
    mayRestore: id % 2 === 0,
  };
}

function mutated(documents: Documents, { change, blind }: Mutation, wrote: () => void): Documents {
  return {
    ...documents,
    queryDocuments: (query) =>
      blind?.(query) === true ? Promise.resolve({ documents: [] }) : documents.queryDocuments(query),
    commitDocuments: async (container, partition, changes) => {
      const left =
        change === undefined
          ? changes
          : changes.map((each) => change(each, container)).filter((each) => each !== undefined);
      return left.length === 0
        ? { committed: true, etags: [] }
        : documents.commitDocuments(container, partition, left).finally(wrote);
    },
  };
}

/** Purges and collects what is due, and returns how much could not be dealt with. */
export async function runDue({ bin, collection }: Actor): Promise<number> {
  const until = new Date(bin.clock.now().getTime() + 1000);
  const purged = await purgeDue(bin, until);
  const collected = await collectDue(collection, until);
  return purged.failed + collected.failed;
}
