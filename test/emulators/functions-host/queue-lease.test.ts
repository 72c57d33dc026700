import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdLease } from '../../../emulators/functions-host/queue/lease.ts';
import { type AzuriteQueues, startAzuriteQueues } from './azurite-queues.ts';

let azurite: AzuriteQueues;
beforeAll(async () => {
  azurite = await startAzuriteQueues();
});
afterAll(() => azurite.stop());

async function received(name: string, visibilityTimeout: number) {
  const queue = azurite.account.getQueueClient(name);
  await queue.create();
  await queue.sendMessage('text');
  const [message] = (await queue.receiveMessages({ visibilityTimeout })).receivedMessageItems;
  if (message === undefined) throw new Error('The message was not there.');
  return { queue, message };
}

describe('the lease of a message', () => {
  it('is renewed while it is held, so that nobody else gets the message, and ends with a receipt that deletes it', async () => {
    const { queue, message } = await received('held', 2);
    const errors: unknown[] = [];
    const lease = holdLease(queue, message, 2_000, (error) => errors.push(error));
    await delay(3_500);
    expect((await queue.receiveMessages()).receivedMessageItems).toEqual([]);
    await queue.deleteMessage(message.messageId, await lease.release());
    expect(errors).toEqual([]);
    expect((await queue.getProperties()).approximateMessagesCount).toBe(0);
  });

  it('reports a renewal that fails, and is tried again', async () => {
    const { queue, message } = await received('stolen', 2);
    await queue.deleteMessage(message.messageId, message.popReceipt);
    const errors: unknown[] = [];
    const lease = holdLease(queue, message, 400, (error) => errors.push(error));
    await delay(700);
    await lease.release();
    expect(errors.length).toBeGreaterThanOrEqual(2);
  });
});
