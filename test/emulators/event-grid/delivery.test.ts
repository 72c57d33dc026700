import type { CloudEvent } from 'cloudevents';
import { HTTP } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import type { SubscriptionInput } from '../../../emulators/event-grid/subscription.ts';
import { startReceiver, until } from './receiver.ts';
import { event, startTopic, webhook } from './topic-fixture.ts';

const usage: SubscriptionInput = { name: 'Usage', destination: { type: 'AzureFunction', function: 'usage-record' } };

describe('a delivery', () => {
  it('is one valid CloudEvent in structured mode, as the CloudEvents SDK reads it', async () => {
    await using receiver = await startReceiver();
    await using topic = await startTopic({ subscriptions: [webhook(receiver.url)] });
    await topic.publish(event({ id: 'a', subject: 's', time: '2026-11-23T12:00:00Z' }), event({ id: 'b' }));
    const received = await receiver.whenReceived(2);
    const events = received.map(({ headers, body }) => HTTP.toEvent({ headers, body }) as CloudEvent);
    expect(events.map((one) => one.validate())).toEqual([true, true]);
    expect(events.map(({ id }) => id).sort()).toEqual(['a', 'b']);
    expect(received[0]?.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
  });

  it('to a function goes to the Functions host’s webhook with Event Grid’s headers', async () => {
    await using functions = await startReceiver(() => 202);
    await using topic = await startTopic({ subscriptions: [usage], functionsBaseUrl: () => functions.url });
    await topic.publish(event());
    const [received] = await functions.whenReceived(1);
    expect(received?.path).toBe('/runtime/webhooks/EventGrid?functionName=usage-record');
    expect(received?.headers).toMatchObject({
      'aeg-event-type': 'Notification',
      'aeg-subscription-name': 'USAGE',
      'aeg-delivery-count': '0',
      'aeg-metadata-version': '1.0',
    });
  });

  it('reaches every subscription that wants the event, and no other', async () => {
    await using first = await startReceiver();
    await using second = await startReceiver();
    const filter = { includedEventTypes: ['Longshore.Other'] };
    const subscriptions = [webhook(first.url, { name: 'first' }), webhook(second.url, { name: 'second', filter })];
    await using topic = await startTopic({ subscriptions });
    await topic.publish(event({ id: 'one' }), event({ id: 'two', type: 'Longshore.Other' }));
    await first.whenReceived(2);
    await until(() => topic.pending() === 0);
    expect(second.events().map(({ id }) => id)).toEqual(['two']);
  });

  // The bench measures the latency; this bound only tells a wake-up from a poll, on however busy a machine.
  it('starts at once rather than at the next poll', async () => {
    await using receiver = await startReceiver();
    await using topic = await startTopic({ subscriptions: [webhook(receiver.url)] });
    const latencies: number[] = [];
    for (let count = 1; count <= 41; count += 1) {
      const started = performance.now();
      await topic.publish(event());
      await until(() => receiver.received.length === count);
      latencies.push(performance.now() - started);
    }
    expect(latencies.sort((a, b) => a - b)[20]).toBeLessThan(50);
  });

  it('is ended by 200 to 204 and by nothing else', async () => {
    const statuses = [200, 201, 202, 203, 204, 205, 206, 302, 429, 500];
    const seen = new Map<string, number>();
    await using receiver = await startReceiver(({ body }) => {
      const { id } = JSON.parse(body) as { id: string };
      seen.set(id, (seen.get(id) ?? 0) + 1);
      return seen.get(id) === 1 ? Number(id) : 200;
    });
    await using topic = await startTopic({ subscriptions: [webhook(receiver.url)], timeScale: 200 });
    await topic.publish(...statuses.map((status) => event({ id: String(status) })));
    await until(() => topic.pending() === 0);
    expect(statuses.filter((status) => seen.get(String(status)) === 1)).toEqual([200, 201, 202, 203, 204]);
  });

  it('fails when no answer comes in time, and is tried again', async () => {
    await using receiver = await startReceiver(({ headers }) =>
      headers['aeg-delivery-count'] === '0' ? undefined : 200,
    );
    await using topic = await startTopic({
      subscriptions: [webhook(receiver.url)],
      timeScale: 100,
      responseTimeoutMs: 100,
    });
    await topic.publish(event({ id: 'slow' }));
    const received = await receiver.whenReceived(2);
    expect(received.map(({ headers }) => headers['aeg-delivery-count'])).toEqual(['0', '1']);
    expect(topic.lines).toContain(
      'Event slow for "receiver" failed (no answer within 0.1 s), attempt 1 of 30; next in 0 s.',
    );
  });
});

describe('events for functions', () => {
  it('are held without spending an attempt until the functions’ address is known', async () => {
    const host: { url?: string } = {};
    await using topic = await startTopic({ subscriptions: [usage], functionsBaseUrl: () => host.url });
    await topic.publish(event());
    expect(topic.pending()).toBe(1);
    await using functions = await startReceiver();
    host.url = functions.url;
    const [received] = await functions.whenReceived(1, 1_000);
    expect(received?.headers['aeg-delivery-count']).toBe('0');
  });

  it('are retried by the schedule when the functions refuse the connection', async () => {
    const closed = await startReceiver();
    await closed[Symbol.asyncDispose]();
    await using topic = await startTopic({ subscriptions: [usage], functionsBaseUrl: () => closed.url, timeScale: 20 });
    await topic.publish(event({ id: 'early' }));
    await until(() => topic.lines.length === 1);
    expect(topic.lines[0]).toContain('failed (ECONNREFUSED), attempt 1 of 30');
    await using functions = await startReceiver(() => 200, closed.port);
    const [received] = await functions.whenReceived(1);
    expect(received?.headers['aeg-delivery-count']).toBe('1');
  });
});

describe('a receiver that must consent', () => {
  const asked = (url: string): SubscriptionInput => ({
    name: 'asked',
    destination: { type: 'WebHook', url, validate: true },
  });

  it('gets events once it allows the origin', async () => {
    await using receiver = await startReceiver(({ method, headers }, response) => {
      if (method !== 'OPTIONS') return 200;
      response.setHeader('WebHook-Allowed-Origin', String(headers['webhook-request-origin']));
      return 200;
    });
    await using topic = await startTopic();
    expect(await topic.addSubscription(asked(receiver.url))).toBe(true);
    await topic.publish(event());
    const received = await receiver.whenReceived(2);
    expect(received.map(({ method }) => method)).toEqual(['OPTIONS', 'POST']);
    expect(received[1]?.headers['webhook-request-origin']).toBe('eventgrid.azure.net');
  });

  it('gets none when it allows another origin, and the log says why', async () => {
    await using receiver = await startReceiver((_, response) => {
      response.setHeader('WebHook-Allowed-Origin', 'eventemitter.example.com');
      return 200;
    });
    await using topic = await startTopic({ subscriptions: [asked(receiver.url)] });
    await topic.publish(event());
    expect(topic.pending()).toBe(0);
    expect(topic.lines).toEqual([
      `The subscription "asked" gets no events: ${receiver.url} has not consented to them: ` +
        'its WebHook-Allowed-Origin is "eventemitter.example.com", not "eventgrid.azure.net".',
    ]);
  });
});

describe('starting a topic', () => {
  it('refuses two subscriptions of one name', async () => {
    await using topic = await startTopic({ subscriptions: [usage] });
    await expect(topic.addSubscription({ ...usage, name: 'USAGE' })).rejects.toThrow('already has a subscription');
  });

  it('refuses a time scale in which nothing would ever happen', async () => {
    await expect(startTopic({ timeScale: 0 })).rejects.toThrow('timeScale must be a positive number, not 0.');
  });

  it('refuses a port that is taken, in one sentence', async () => {
    await using receiver = await startReceiver();
    await expect(startTopic({ port: receiver.port })).rejects.toThrow(
      /^The Event Grid topic cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/,
    );
  });
});
