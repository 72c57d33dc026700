import type { DequeuedMessageItem, QueueClient, QueueServiceClient } from '@azure/storage-queue';

const suffix = '-poison';

/** The queue that takes what a queue's function cannot handle. A poison queue has none of its own. */
export function poisonQueue(account: QueueServiceClient, queueName: string): QueueClient | undefined {
  return queueName.endsWith(suffix) ? undefined : account.getQueueClient(`${queueName}${suffix}`);
}

/** Copies the text as it is, then deletes: a crash between the two leaves a duplicate, never a loss. */
export async function moveToPoison(
  queue: QueueClient,
  poison: QueueClient,
  message: DequeuedMessageItem,
  popReceipt: string,
): Promise<void> {
  await poison.createIfNotExists();
  await poison.sendMessage(message.messageText);
  await queue.deleteMessage(message.messageId, popReceipt);
}
