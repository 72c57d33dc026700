import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { steppedClock } from './clock.ts';
import { regionContract } from './region.contract.ts';

regionContract('memory', () => {
  const [clock, lagMs] = [steppedClock(), 5000];
  const world = createMemoryWorld({ clock });
  return Promise.resolve({
    write: connectMemory(world).documents,
    near: connectMemory(world, { region: { lagMs } }).documents,
    lagMs,
    elapse: (milliseconds) => {
      clock.advance(milliseconds);
      return Promise.resolve();
    },
    stop: () => Promise.resolve(),
  });
});
