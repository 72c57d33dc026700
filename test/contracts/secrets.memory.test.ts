import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { secretsContract } from './secrets.contract.ts';

secretsContract('memory', () => {
  const world = createMemoryWorld();
  const { secrets } = connectMemory(world);
  return Promise.resolve({
    secrets,
    disable: (name, version) => world.secrets.disable(name, version),
    put: (name, value, tags) => world.secrets.put(name, value, tags),
    stop: () => Promise.resolve(),
  });
});
