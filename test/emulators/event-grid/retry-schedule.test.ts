import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../emulators/event-grid/attempt.ts';
import { nextStep, retryWaitMs } from '../../../emulators/event-grid/retry-schedule.ts';
import type { SubscriptionInput } from '../../../emulators/event-grid/subscription.ts';
import { subscriptionSchema } from '../../../emulators/event-grid/subscription.ts';
import { startReceiver, until } from './receiver.ts';
import { event, startTopic, webhook } from './topic-fixture.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

function step(
  status: number | undefined,
  attempts: number,
  overrides: Partial<SubscriptionInput> = {},
): ReturnType<typeof nextStep> {
  const subscription = subscriptionSchema.parse(webhook('http://127.0.0.1/', overrides));
  const outcome: Outcome = status === 400 ? 'BadRequest' : 'GenericError';
  const expires = subscription.retryPolicy.eventTimeToLiveInMinutes * MINUTE;
  return nextStep(subscription, { status, outcome, attempts, at: 0, expires }, 1);
}

describe('the retry schedule', () => {
  it('waits 10 s, 30 s, 1 m, 5 m, 10 m, 30 m, 1 h, 3 h, 6 h and then 12 h', () => {
    const waits = Array.from({ length: 11 }, (_, index) => retryWaitMs(index + 1, 500));
    const minutes = [1, 5, 10, 30].map((count) => count * MINUTE);
    expect(waits).toEqual([10 * SECOND, 30 * SECOND, ...minutes, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 12 * HOUR]);
  });

  it.each([
    [401, 5 * MINUTE],
    [404, 5 * MINUTE],
    [408, 2 * MINUTE],
    [503, 30 * SECOND],
    [500, 10 * SECOND],
    [undefined, 10 * SECOND],
  ])('waits at least so long after %s', (status, wait) => {
    expect(retryWaitMs(1, status)).toBe(wait);
    expect(retryWaitMs(7, status)).toBe(HOUR);
  });

  it.each([400, 401, 403, 413])('does not retry a webhook’s %i', (status) => {
    expect(step(status, 1)).toMatchObject({ kind: 'give-up', due: 5 * MINUTE });
  });

  it('retries a function’s 401 but not its 400, 403 and 413', () => {
    const destination = { type: 'AzureFunction', function: 'f' } as const;
    expect([400, 401, 403, 413].map((status) => step(status, 1, { destination }).kind)).toEqual([
      'give-up',
      'retry',
      'give-up',
      'give-up',
    ]);
  });

  it('names the response that ended it', () => {
    expect(step(400, 1)).toMatchObject({ reason: 'UndeliverableDueToHttpBadRequest' });
  });

  it('gives up after the allowed attempts', () => {
    const retryPolicy = { maxDeliveryAttempts: 3 };
    expect(step(500, 2, { retryPolicy })).toEqual({ kind: 'retry', due: 30 * SECOND });
    expect(step(500, 3, { retryPolicy })).toEqual({
      kind: 'give-up',
      reason: 'MaxDeliveryAttemptsExceeded',
      due: 5 * MINUTE,
    });
  });

  it('gives up when the next attempt would come after the time to live, and not before that has passed', () => {
    const retryPolicy = { eventTimeToLiveInMinutes: 8 };
    expect(step(500, 4, { retryPolicy })).toMatchObject({ kind: 'retry' });
    expect(step(500, 5, { retryPolicy })).toEqual({ kind: 'give-up', reason: 'TimeToLiveExceeded', due: 8 * MINUTE });
  });
});

describe('retrying in scaled time', () => {
  it('attempts at the scheduled times, and never before them', async () => {
    const timeScale = 500;
    await using receiver = await startReceiver(() => 500);
    const retryPolicy = { maxDeliveryAttempts: 6 };
    await using topic = await startTopic({ subscriptions: [webhook(receiver.url, { retryPolicy })], timeScale });
    await topic.publish(event());
    const times = (await receiver.whenReceived(6)).map(({ at }) => at);
    const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    const expected = [10, 30, 60, 300, 600].map((seconds) => (seconds * SECOND) / timeScale);
    for (const [index, wait] of waits.entries()) {
      // Two clock readings, rounded to milliseconds each, may make a wait look 1 ms shorter.
      expect(wait).toBeGreaterThanOrEqual((expected[index] ?? 0) - 1);
      expect(wait).toBeLessThan((expected[index] ?? 0) + 200);
    }
    await until(() => topic.pending() === 0);
    expect(receiver.received.map(({ headers }) => headers['aeg-delivery-count'])).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
    ]);
  });

  it('drops an event without a dead-letter destination and says so', async () => {
    await using receiver = await startReceiver(() => 400);
    await using topic = await startTopic({ subscriptions: [webhook(receiver.url)] });
    await topic.publish(event({ id: 'bad' }));
    await until(() => topic.pending() === 0);
    expect(topic.lines.at(-1)).toBe(
      'Event bad for "receiver" dropped: given up (UndeliverableDueToHttpBadRequest), and it has no dead-letter destination.',
    );
    expect(receiver.received).toHaveLength(1);
  });
});
