import { describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../../emulators/event-grid/dead-letter.ts';
import type { DeadLetterSink } from '../../../emulators/event-grid/dead-letter.ts';
import { startReceiver, until } from './receiver.ts';
import { event, startTopic, webhook } from './topic-fixture.ts';

const deadLetter = { container: 'dead-letters' };

interface Written extends DeadLetter {
  readonly at: number;
}

function sinkInto(letters: Written[]): DeadLetterSink {
  return (letter) => {
    letters.push({ ...letter, at: Date.now() });
    return Promise.resolve();
  };
}

describe('a dead letter', () => {
  it('is written under the subscription, with the event and why it was given up', async () => {
    const letters: Written[] = [];
    await using receiver = await startReceiver(() => 500);
    const published = event({ id: 'lost', subject: 'hello:v1' });
    await using topic = await startTopic({
      subscriptions: [webhook(receiver.url, { deadLetter, retryPolicy: { maxDeliveryAttempts: 2 } })],
      timeScale: 1_000,
      deadLetter: sinkInto(letters),
    });
    await topic.publish(published);
    await until(() => topic.pending() === 0);
    const [letter] = letters;
    expect(letter?.container).toBe('dead-letters');
    // Year, month, day and hour of UTC without padding, as Azure names the blobs.
    expect(letter?.name).toMatch(/^RECEIVER\/20\d\d\/1?\d\/[123]?\d\/[12]?\d\/[0-9a-f-]{36}\.json$/);
    const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;
    expect(JSON.parse(letter?.body ?? '')).toEqual([
      {
        ...published,
        deadletterreason: 'MaxDeliveryAttemptsExceeded',
        deliveryattempts: 2,
        lastdeliveryoutcome: 'GenericError',
        lasthttpstatuscode: 500,
        publishtime: instant,
        lastdeliveryattempttime: instant,
      },
    ]);
  });

  it('comes five scaled minutes after the last attempt', async () => {
    const letters: Written[] = [];
    await using receiver = await startReceiver(() => 400);
    await using topic = await startTopic({
      subscriptions: [webhook(receiver.url, { deadLetter })],
      timeScale: 1_000,
      deadLetter: sinkInto(letters),
    });
    await topic.publish(event());
    await until(() => topic.pending() === 0);
    const wait = (letters[0]?.at ?? 0) - (receiver.received[0]?.at ?? 0);
    expect(wait).toBeGreaterThanOrEqual(299);
    expect(wait).toBeLessThan(500);
  });

  it('of an event that expired names no status when no answer ever came', async () => {
    const letters: Written[] = [];
    const closed = await startReceiver();
    await closed[Symbol.asyncDispose]();
    await using topic = await startTopic({
      subscriptions: [webhook(closed.url, { deadLetter, retryPolicy: { eventTimeToLiveInMinutes: 1 } })],
      timeScale: 1_000,
      deadLetter: sinkInto(letters),
    });
    await topic.publish(event());
    await until(() => topic.pending() === 0);
    const [facts] = JSON.parse(letters[0]?.body ?? '') as [Record<string, unknown>];
    expect(facts).toMatchObject({ deadletterreason: 'TimeToLiveExceeded', lastdeliveryoutcome: 'SocketError' });
    expect(facts).not.toHaveProperty('lasthttpstatuscode');
  });

  it('is written again while its destination fails', async () => {
    let failures = 3;
    await using receiver = await startReceiver(() => 400);
    await using topic = await startTopic({
      subscriptions: [webhook(receiver.url, { deadLetter })],
      timeScale: 5_000,
      deadLetter: () => (failures-- > 0 ? Promise.reject(new Error('the account is away')) : Promise.resolve()),
    });
    await topic.publish(event());
    await until(() => topic.pending() === 0);
    expect(
      topic.lines.filter((line) => line.includes('could not be written (the account is away); it is tried again')),
    ).toHaveLength(3);
  });

  it('is dropped when its destination fails for four scaled hours', async () => {
    await using receiver = await startReceiver(() => 400);
    await using topic = await startTopic({
      subscriptions: [webhook(receiver.url, { deadLetter })],
      timeScale: 50_000,
      deadLetter: () => Promise.reject(new Error('the account is away')),
    });
    await topic.publish(event({ id: 'gone' }));
    await until(() => topic.pending() === 0);
    expect(topic.lines.at(-1)).toBe(
      'Event gone for "receiver" dropped: its dead letter could not be written for four hours (the account is away).',
    );
  });
});
