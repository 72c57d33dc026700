import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CloudEvent, PublishEvents } from '../../shared/core/ports/topic.ts';

export interface TopicUnderTest {
  readonly topic: PublishEvents;
  /** Waits until a subscriber to everything has these events, and gives them. */
  readonly delivered: (ids: readonly string[]) => Promise<readonly CloudEvent[]>;
  readonly stop: () => Promise<void>;
}

export function newEvent(data: unknown = {}): CloudEvent {
  return {
    specversion: '1.0',
    id: crypto.randomUUID(),
    source: '/registries/local',
    type: 'Longshore.Contract',
    subject: 'team/app:1',
    time: '2026-03-01T12:34:56.789Z',
    data,
    datacontenttype: 'application/json',
  };
}

/** Every sentence of shared/core/ports/topic.ts, asked of one adapter. */
export function topicContract(name: string, setup: () => Promise<TopicUnderTest>): void {
  describe(`topic: ${name}`, () => {
    let world: TopicUnderTest;
    beforeAll(async () => {
      world = await setup();
    });
    afterAll(() => world.stop());

    it('delivers an event with all its attributes', async () => {
      const event = newEvent({ text: 'é✓', list: [1, null], deep: { no: false } });
      await world.topic.publishEvents([event]);
      expect(await world.delivered([event.id])).toEqual([event]);
    });

    it('delivers the trace in which an event was published', async () => {
      const event = { ...newEvent(), traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
      await world.topic.publishEvents([event]);
      expect(await world.delivered([event.id])).toEqual([event]);
    });

    it('delivers each of several events of one call', async () => {
      const events = Array.from({ length: 5 }, (_, n) => newEvent({ n }));
      await world.topic.publishEvents(events);
      const delivered = await world.delivered(events.map(({ id }) => id));
      expect(delivered.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual(
        events.toSorted((a, b) => a.id.localeCompare(b.id)),
      );
    });

    it('refuses no events, and more than 1 MB of them', async () => {
      await expect(world.topic.publishEvents([])).rejects.toThrow(TypeError);
      const half = newEvent({ text: 'x'.repeat(600_000) });
      await expect(world.topic.publishEvents([half, half])).rejects.toThrow(TypeError);
      await world.topic.publishEvents([half]);
    });
  });
}
