import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { parseEvent } from '../../shared/core/events/envelope.ts';
import { ClientClasses } from '../../shared/features/usage/client-class.ts';
import { Folding } from '../../shared/features/usage/fold.ts';
import { recordUsage } from '../../shared/features/usage/record.ts';
import { readTotals } from '../../shared/features/usage/totals.ts';
import { liveManifests, Violation } from './invariants.ts';
import type { Simulated } from './world.ts';
import { keyOf, registry, repositories } from './world.ts';

/** Delivers all that was published, in any order and some of it twice: then the counters are what is there. */
export async function checkUsage({ world }: Simulated, random: () => number): Promise<void> {
  const { documents } = connectMemory(world);
  const events = world.region().events.log.flatMap((event) => (random() < 0.2 ? [event, event] : [event]));
  const shuffled = events.map((event) => ({ event, at: random() })).sort((a, b) => a.at - b.at);
  const [ports, settings] = [
    { documents, folding: new Folding(documents) },
    { registryName: registry, region: 'home', clients: new ClientClasses([]) },
  ];
  for (const { event } of shuffled) await recordUsage(ports, settings, parseEvent(event));
  for (const [at, repository] of repositories.entries()) {
    const live = liveManifests(world).filter((manifest) => manifest.repository === repository);
    const blobs = new Map(
      live.flatMap(({ references }) =>
        references.filter(({ role }) => role !== 'manifest').map(({ digest, size }) => [digest, size]),
      ),
    );
    const bytes = [...live.map(({ size }) => size), ...blobs.values()].reduce((sum, size) => sum + size, 0);
    const total = await readTotals(documents, keyOf(at));
    const [counted, expected] = [
      [total?.images ?? 0, total?.bytes ?? 0],
      [live.length, bytes],
    ];
    if (counted.join() !== expected.join())
      throw new Violation(
        `usage of ${repository} is ${counted.join()} images and bytes, and there are ${expected.join()}`,
      );
  }
}
