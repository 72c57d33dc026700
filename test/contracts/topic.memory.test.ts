import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import type { CloudEvent } from '../../shared/core/ports/topic.ts';
import { newEvent, topicContract } from './topic.contract.ts';

topicContract('memory', () => {
  const world = createMemoryWorld();
  const received: CloudEvent[] = [];
  world.region().events.subscribe((event) => received.push(event));
  return Promise.resolve({
    topic: connectMemory(world).topic,
    delivered: (ids) => Promise.resolve(received.filter(({ id }) => ids.includes(id))),
    stop: () => Promise.resolve(),
  });
});

describe('a topic in memory', () => {
  it('keeps what was published, and tells subscribers after the publisher was answered', async () => {
    const world = createMemoryWorld();
    const order: string[] = [];
    world.region().events.subscribe(() => order.push('delivered'));
    const event = newEvent();
    await connectMemory(world)
      .topic.publishEvents([event])
      .then(() => order.push('published'));
    await Promise.resolve();
    expect(order.toSorted()).toEqual(['delivered', 'published']);
    expect(world.region().events.log).toEqual([event]);
  });

  it('belongs to one region', async () => {
    const world = createMemoryWorld();
    await connectMemory(world, { region: { name: 'west' } }).topic.publishEvents([newEvent()]);
    expect(world.region('west').events.log).toHaveLength(1);
    expect(world.region('east').events.log).toHaveLength(0);
  });
});
