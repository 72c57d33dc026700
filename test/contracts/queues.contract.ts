import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SendMessage } from '../../shared/core/ports/queues.ts';

export interface QueuesUnderTest {
  readonly queues: SendMessage;
  /** The name of an empty queue that exists. */
  readonly newQueue: () => Promise<string>;
  /** Receives what a consumer would get now, parsed as queue-triggered functions parse it: base64, then JSON. */
  readonly receive: (queue: string) => Promise<readonly { readonly message: unknown; readonly dequeueCount: number }[]>;
  readonly elapse: (milliseconds: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Every sentence of shared/core/ports/queues.ts, asked of one adapter. */
export function queuesContract(name: string, setup: () => Promise<QueuesUnderTest>): void {
  describe(`queues: ${name}`, () => {
    let world: QueuesUnderTest;
    beforeAll(async () => {
      world = await setup();
    });
    afterAll(() => world.stop());

    it('hand out any JSON as it was sent', async () => {
      const queue = await world.newQueue();
      const messages = [{ text: 'é✓ <&>"', list: [1, null, true], deep: { n: 0.5 } }, 'text', 7, null];
      for (const message of messages) await world.queues.sendMessage(queue, message);
      const received = await world.receive(queue);
      expect(received.map(({ message }) => message)).toEqual(messages);
      expect(received.map(({ dequeueCount }) => dequeueCount)).toEqual([1, 1, 1, 1]);
    });

    it('hide a delayed message until its time has come', async () => {
      const queue = await world.newQueue();
      await world.queues.sendMessage(queue, 'later', 2);
      await world.queues.sendMessage(queue, 'now');
      expect((await world.receive(queue)).map(({ message }) => message)).toEqual(['now']);
      await world.elapse(3100);
      expect((await world.receive(queue)).map(({ message }) => message)).toContain('later');
    });

    it('take a delay of 7 days, and refuse a longer one', async () => {
      const queue = await world.newQueue();
      await world.queues.sendMessage(queue, 'a week', 7 * 24 * 3600);
      expect(await world.receive(queue)).toEqual([]);
      await expect(world.queues.sendMessage(queue, 'more', 7 * 24 * 3600 + 1)).rejects.toThrow(TypeError);
      await expect(world.queues.sendMessage(queue, 'less', -1)).rejects.toThrow(TypeError);
    });

    it('take 48 KiB of JSON, and refuse more, and what is no JSON', async () => {
      const queue = await world.newQueue();
      const quotes = 2;
      const message = 'x'.repeat(48 * 1024 - quotes);
      await world.queues.sendMessage(queue, message);
      await expect(world.queues.sendMessage(queue, `${message}x`)).rejects.toThrow(TypeError);
      await expect(world.queues.sendMessage(queue, undefined)).rejects.toThrow(TypeError);
      expect((await world.receive(queue)).map((each) => each.message)).toEqual([message]);
    });
  });
}
