import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { steppedClock } from './clock.ts';
import { queuesContract } from './queues.contract.ts';

queuesContract('memory', () => {
  const clock = steppedClock();
  const world = createMemoryWorld({ clock });
  let queues = 0;
  return Promise.resolve({
    queues: connectMemory(world).queues,
    newQueue: () => Promise.resolve(`queue-${(queues += 1)}`),
    receive: (queue) => Promise.resolve(world.region().queues.receive(queue)),
    elapse: (milliseconds) => {
      clock.advance(milliseconds);
      return Promise.resolve();
    },
    stop: () => Promise.resolve(),
  });
});

describe('a queue in memory', () => {
  const setup = async () => {
    const clock = steppedClock();
    const world = createMemoryWorld({ clock });
    await connectMemory(world).queues.sendMessage('work', { n: 1 });
    return { clock, queues: world.region().queues };
  };

  it('gives a message to one consumer at a time, and again when it was not deleted in time', async () => {
    const { clock, queues } = await setup();
    const [first] = queues.receive('work', 1, 30);
    expect(queues.receive('work')).toEqual([]);
    clock.advance(30_000);
    const [second] = queues.receive('work', 1, 30);
    expect(second).toMatchObject({ id: first?.id, message: { n: 1 }, dequeueCount: 2 });
    expect(queues.delete('work', first?.id ?? '', first?.receipt ?? '')).toBe(false);
    expect(queues.delete('work', second?.id ?? '', second?.receipt ?? '')).toBe(true);
    expect(queues.length('work')).toBe(0);
  });

  it('can be drained', async () => {
    const { queues } = await setup();
    expect(queues.drain('work')).toEqual([{ n: 1 }]);
    expect(queues.length('work')).toBe(0);
    expect(queues.names()).toEqual(['work']);
  });
});
