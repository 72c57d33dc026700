import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import type { QueueSettings } from '../host-json.ts';
import type { Invoke } from '../invocation.ts';
import { describeError, type Log } from '../log.ts';
import type { HostedFunction, QueueTrigger } from '../trigger-binding.ts';
import { holdLease } from './lease.ts';
import { messageBytes, messageData, messageMetadata } from './message.ts';
import { moveToPoison } from './poison.ts';

export interface MessageRunOptions {
  fn: HostedFunction<QueueTrigger>;
  queue: QueueClient;
  poison: QueueClient | undefined;
  settings: QueueSettings;
  leaseMilliseconds: number;
  invoke: Invoke;
  log: Log;
}

/** Takes one received message to its end: deleted, shown again, or moved to the poison queue. Never rejects. */
export async function runMessage(options: MessageRunOptions, message: DequeuedMessageItem): Promise<void> {
  const { queue, poison, log, fn } = options;
  const warn = (error: unknown) =>
    log({ level: 'warning', category: 'Host.Queue', functionName: fn.name, message: describeError(error) });
  try {
    const bytes = messageBytes(message.messageText, options.settings.messageEncoding);
    // No later attempt could read it, so it is not made to use up its attempts.
    if (bytes === undefined) {
      await giveUp(options, message, message.popReceipt);
      return;
    }
    const lease = holdLease(queue, message, options.leaseMilliseconds, warn);
    const succeeded = await invokeFor(options, message, bytes);
    const receipt = await lease.release();
    if (succeeded) await queue.deleteMessage(message.messageId, receipt);
    else if (poison !== undefined && message.dequeueCount >= options.settings.maxDequeueCount)
      await giveUp(options, message, receipt);
    // Without a poison queue a failed message stays hidden for its lease, so that it does not loop hot.
    else if (poison !== undefined)
      await queue.updateMessage(
        message.messageId,
        receipt,
        undefined,
        Math.ceil(options.settings.visibilityTimeout / 1000),
      );
  } catch (error) {
    // The store failed, or somebody else took the message: it comes back when its lease ends.
    warn(error);
  }
}

// The failure itself is in the function's log already.
async function invokeFor(
  { fn, invoke }: MessageRunOptions,
  message: DequeuedMessageItem,
  bytes: Buffer,
): Promise<boolean> {
  const run = invoke({
    fn,
    reason: `New queue message detected on '${fn.trigger.queueName}'.`,
    data: messageData(bytes, fn.trigger.dataType),
    triggerMetadata: messageMetadata(message, bytes),
  });
  return run.then(
    () => true,
    () => false,
  );
}

async function giveUp(
  { queue, poison, fn, log }: MessageRunOptions,
  message: DequeuedMessageItem,
  receipt: string,
): Promise<void> {
  const outcome = poison === undefined ? 'It is left where it is.' : `Moving it to queue '${poison.name}'.`;
  log({
    level: 'warning',
    category: 'Host.Queue',
    functionName: fn.name,
    message: `Message ${message.messageId} of queue '${queue.name}' cannot be handled after ${message.dequeueCount} attempts. ${outcome}`,
  });
  if (poison !== undefined) await moveToPoison(queue, poison, message, receipt);
}
