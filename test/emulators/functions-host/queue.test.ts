import type { QueueClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FunctionsHost, startFunctionsHost } from '../../../emulators/functions-host/start.ts';
import type * as QueueApp from './apps/queue.ts';
import { type AzuriteQueues, startAzuriteQueues } from './azurite-queues.ts';
import { recordedLog } from './recorded-log.ts';

const recorded = recordedLog();
const soon = { timeout: 15_000, interval: 20 };
let azurite: AzuriteQueues;
let host: FunctionsHost;
let app: typeof QueueApp;

beforeAll(async () => {
  azurite = await startAzuriteQueues();
  host = await startFunctionsHost({
    load: async () => {
      app = await import('./apps/queue.ts');
    },
    hostJson: {
      version: '2.0',
      extensions: {
        queues: {
          batchSize: 4,
          newBatchThreshold: 2,
          maxDequeueCount: 3,
          maxPollingInterval: '00:00:01',
          visibilityTimeout: '00:00:00',
        },
      },
    },
    env: { Work: azurite.connectionString, PLAIN_QUEUE: 'plain' },
    log: recorded.log,
    pollScale: 0.2,
  });
});
afterAll(async () => {
  app.gate.resolve(undefined);
  await host.stop();
  await azurite.stop();
});

/** Sends as every client of a Functions queue does: text in base64. */
async function send(queue: string, text: string): Promise<void> {
  await created(queue);
  await azurite.account.getQueueClient(queue).sendMessage(Buffer.from(text).toString('base64'));
}

async function created(queue: string): Promise<QueueClient> {
  const client = azurite.account.getQueueClient(queue);
  await vi.waitFor(() => client.getProperties(), soon);
  return client;
}

async function left(queue: string): Promise<number> {
  return (await azurite.account.getQueueClient(queue).getProperties()).approximateMessagesCount ?? 0;
}

describe('a queue function', () => {
  it('gets JSON as an object, and its queue named by a setting is created for it', async () => {
    await send('plain', '{"tag":"v1","size":3}');
    await vi.waitFor(() => expect(app.seen.plain).toHaveLength(1), soon);
    expect(app.seen.plain[0]?.message).toEqual({ tag: 'v1', size: 3 });
    await vi.waitFor(async () => expect(await left('plain')).toBe(0), soon);
  });

  it('gets other text as a string', async () => {
    await send('plain', 'grüße {');
    await vi.waitFor(() => expect(app.seen.plain.map((one) => one.message)).toContain('grüße {'), soon);
  });

  it('sees id, dequeue count, times and receipt in its trigger metadata', () => {
    const { metadata } = app.seen.plain[0] ?? {};
    expect(metadata).toMatchObject({ dequeueCount: 1, queueTrigger: { tag: 'v1' } });
    expect(metadata?.['id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(metadata?.['popReceipt']).toEqual(expect.any(String));
    const [inserted, nextVisible, expires] = ['insertionTime', 'nextVisibleTime', 'expirationTime'].map((name) =>
      Date.parse(String(metadata?.[name])),
    );
    expect(inserted).toBeLessThan(nextVisible ?? 0);
    expect(nextVisible).toBeLessThan(expires ?? 0);
  });

  it('that fails is tried again, and its message then goes to the poison queue as it was', async () => {
    await send('failing', '{"n":1}');
    await vi.waitFor(() => expect(app.seen.poison).toHaveLength(1), soon);
    expect(app.seen.failing.map((one) => one.metadata['dequeueCount'])).toEqual([1, 2, 3]);
    expect(app.seen.poison[0]?.message).toEqual({ n: 1 });
    expect(await left('failing')).toBe(0);
    expect(recorded.messages()).toContain("Moving it to queue 'failing-poison'");
  });

  it('is spared a message that is not base64: it goes to the poison queue at once', async () => {
    const calls = app.seen.failing.length;
    await (await created('failing')).sendMessage('not base64 at all');
    await vi.waitFor(() => expect(recorded.messages()).toContain('after 1 attempts'), soon);
    expect(app.seen.failing).toHaveLength(calls);
  });

  it('never has more at once than batchSize and newBatchThreshold together', async () => {
    await created('gated');
    await Promise.all(Array.from({ length: 12 }, (_, n) => send('gated', String(n))));
    await vi.waitFor(() => expect(app.seen.runningAtOnce).toBeGreaterThan(2), soon);
    // Long enough for several polls, had there been any.
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(app.seen.mostAtOnce).toBeLessThanOrEqual(6);
    app.gate.resolve(undefined);
    await vi.waitFor(async () => expect(await left('gated')).toBe(0), soon);
    expect(app.seen.mostAtOnce).toBeLessThanOrEqual(6);
  });

  it('goes on after its queue was deleted', async () => {
    await azurite.account.deleteQueue('plain');
    const before = app.seen.plain.length;
    await vi.waitFor(() => send('plain', '"again"'), soon);
    await vi.waitFor(() => expect(app.seen.plain).toHaveLength(before + 1), soon);
    expect(recorded.messages()).toContain("Queue 'plain' could not be read");
  });
});
