import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import type { MemoryConnection } from '../../../../shared/adapters/memory/connect.ts';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import type { MemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { Settings } from '../../../../shared/app/assemble.ts';
import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { withoutLostAnswers } from '../../../draws.ts';

export interface TestRegion extends TestLongshore {
  readonly name: string;
  /**
   * Calls to documents as this region shows them; `memory` has those to the write region's, and to this region's
   * storage.
   */
  readonly near: CallPlan;
  /** Calls to other regions' storage. */
  readonly storage: ReadonlyMap<string, CallPlan>;
}

export const regionNames = ['east', 'north', 'west'] as const;

/** The app of one region over a world of three; what it reads near is `lagMs` behind. */
export function composeRegion(
  world: MemoryWorld,
  name: string,
  { lagMs = 0, ...settings }: Partial<Settings> & { readonly lagMs?: number } = {},
): TestRegion {
  const near = connectMemory(world, { region: { name, lagMs }, chance: withoutLostAnswers() });
  const others = new Map(
    regionNames
      .filter((other) => other !== name)
      .map((other) => [other, connectMemory(world, { region: { name: other } })]),
  );
  const calls = new CallPlan();
  const stores = [...others].map(([other, memory]) => ({
    name: other,
    blobs: memory.blobs,
    queues: memory.queues,
    probe: () => probeBlobs(memory),
  }));
  const longshore = composeForTest({
    world,
    // A process that loses the answer of a claim waits for its lease, which most of these tests do not: the simulation
    // of replication does.
    connection: { calls, region: { name }, chance: withoutLostAnswers() },
    settings: { ...settings, region: name },
    adapters: {
      others: { near: near.documents, stores, probe: () => calls.make('blobs.probe', undefined, () => undefined) },
    },
  });
  return {
    ...longshore,
    name,
    near: near.calls,
    storage: new Map([...others].map(([other, memory]) => [other, memory.calls])),
  };
}

async function probeBlobs({ probes }: MemoryConnection): Promise<void> {
  await probes.find(({ dependency }) => dependency === 'blobs')?.probe();
}
