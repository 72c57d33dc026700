import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { steppedClock } from './clock.ts';
import { documentsContract } from './documents.contract.ts';

documentsContract('memory', () => {
  const clock = steppedClock();
  const { documents } = connectMemory(createMemoryWorld({ clock }));
  const elapse = (milliseconds: number) => {
    clock.advance(milliseconds);
    return Promise.resolve();
  };
  return Promise.resolve({ documents, elapse, stop: () => Promise.resolve() });
});
