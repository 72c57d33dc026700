import type { SendMessage } from '../../core/ports/queues.ts';
import type { CallPlan } from './calls.ts';
import { freezeJson } from './json.ts';
import type { QueueStore } from './queuestore.ts';

/** The limits of https://learn.microsoft.com/azure/storage/queues/scalability-targets */
const maxTextBytes = 64 * 1024;
const maxDelaySeconds = 7 * 24 * 3600;

/** Sends messages in memory. Throws `TypeError` for a message over 64 KiB of base64, or a delay over 7 days. */
export function memoryQueues(store: QueueStore, calls: CallPlan): SendMessage {
  return {
    sendMessage: (queue, message, delaySeconds = 0) =>
      calls.make('queues.send', { queue, message, delaySeconds }, () => {
        const text = Buffer.from(JSON.stringify(freezeJson(message).value)).toString('base64');
        if (text.length > maxTextBytes)
          throw new TypeError(`a message of ${text.length} bytes to ${queue}: Storage Queues allow 64 KiB`);
        if (!(delaySeconds >= 0 && delaySeconds <= maxDelaySeconds))
          throw new TypeError(`a message to ${queue} delayed by ${delaySeconds} seconds`);
        store.put(queue, text, delaySeconds);
      }),
  };
}
