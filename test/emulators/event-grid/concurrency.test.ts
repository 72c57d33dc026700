import { describe, expect, it } from 'vitest';
import { startReceiver, until } from './receiver.ts';
import { event, startTopic, webhook } from './topic-fixture.ts';

describe('concurrent deliveries', () => {
  it('are at most 16 for a subscription, and reach 16', async () => {
    let open = 0;
    let most = 0;
    const all = Promise.withResolvers<undefined>();
    await using receiver = await startReceiver(async () => {
      most = Math.max(most, (open += 1));
      // Nobody is answered before 16 wait at once: fewer would wait for ever.
      if (open === 16) all.resolve(undefined);
      await all.promise;
      await new Promise((resolve) => setTimeout(resolve, 5));
      open -= 1;
      return 200;
    });
    await using topic = await startTopic({ subscriptions: [webhook(receiver.url)] });
    await topic.publish(...Array.from({ length: 100 }, () => event()));
    await until(() => topic.pending() === 0);
    expect(most).toBe(16);
    expect(new Set(receiver.events().map(({ id }) => id)).size).toBe(100);
    expect(receiver.received).toHaveLength(100);
  });

  it('to a stalled receiver do not hold up another subscription', async () => {
    await using stalled = await startReceiver(() => undefined);
    await using quick = await startReceiver();
    const subscriptions = [webhook(stalled.url, { name: 'stalled' }), webhook(quick.url, { name: 'quick' })];
    const topic = await startTopic({ subscriptions, responseTimeoutMs: 4_000 });
    await topic.publish(...Array.from({ length: 50 }, () => event()));
    await quick.whenReceived(50, 3_500);
    expect(stalled.received.length).toBe(16);
    await topic[Symbol.asyncDispose]();
  });
});
