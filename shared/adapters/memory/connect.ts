import type { Blobs } from '../../core/ports/blobs.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { Dependency } from '../../core/ports/failures.ts';
import type { ProbeDependency } from '../../core/ports/probe.ts';
import type { SendMessage } from '../../core/ports/queues.ts';
import type { Secrets } from '../../core/ports/secrets.ts';
import type { PublishEvents } from '../../core/ports/topic.ts';
import { memoryBlobs } from './blobs.ts';
import { CallPlan } from './calls.ts';
import type { ChanceOptions } from './chance.ts';
import { Chance } from './chance.ts';
import { memoryDocuments } from './documents.ts';
import { memoryQueues } from './queues.ts';
import { memorySecrets } from './secrets.ts';
import { memoryTopic } from './topic.ts';
import type { MemoryWorld } from './world.ts';

export interface MemoryConnection {
  readonly documents: Documents;
  readonly blobs: Blobs;
  readonly queues: SendMessage;
  readonly topic: PublishEvents;
  readonly secrets: Secrets;
  readonly probes: readonly ProbeDependency[];
  readonly calls: CallPlan;
}

export interface MemoryConnectionOptions {
  readonly calls?: CallPlan;
  /** The random behaviour of the documents; without it there is none. */
  readonly chance?: ChanceOptions | 'none';
  readonly region?: {
    /** The name of the storage account and topic; `home` without one. */
    readonly name?: string;
    /**
     * The milliseconds by which the documents' read region is behind. Connect it before the writes that it is to be
     * late for.
     */
    readonly lagMs?: number;
  };
}

/** One process's view of the world: another instance, or the one that starts after a crash, is another connection. */
export function connectMemory(world: MemoryWorld, options: MemoryConnectionOptions = {}): MemoryConnection {
  const calls = options.calls ?? new CallPlan();
  const chance = options.chance === undefined || options.chance === 'none' ? undefined : new Chance(options.chance);
  const lagMs = options.region?.lagMs ?? 0;
  const { blobs, queues, events } = world.region(options.region?.name);
  world.documents.expectLag(lagMs);
  return {
    documents: memoryDocuments(world.documents, calls, lagMs, chance),
    blobs: memoryBlobs(blobs, calls, world.clock, (host) => world.storeAt(host)),
    queues: memoryQueues(queues, calls),
    topic: memoryTopic(events, calls),
    secrets: memorySecrets(world.secrets, calls),
    probes: dependencies.map((dependency) => memoryProbe(dependency, calls)),
    calls,
  };
}

const dependencies: readonly Dependency[] = ['documents', 'blobs', 'queues', 'events'];

function memoryProbe(dependency: Dependency, calls: CallPlan): ProbeDependency {
  return { dependency, probe: () => calls.make(`${dependency}.probe`, undefined, () => undefined) };
}
