import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';

/** A received message stays hidden for so long unless it is renewed: QueueListener of the storage extension. */
export const leaseMilliseconds = 10 * 60_000;

export interface Lease {
  /** Stops renewing and answers the receipt with which the message can now be changed. */
  release(): Promise<string>;
}

/**
 * Keeps a message hidden while its function runs by renewing at half time. A renewal that fails is reported and tried
 * again at the next half: the message may then show up twice, which at-least-once delivery allows.
 */
export function holdLease(
  queue: QueueClient,
  message: DequeuedMessageItem,
  milliseconds: number,
  onError: (error: unknown) => void,
): Lease {
  let receipt = message.popReceipt;
  let renewal: Promise<void> = Promise.resolve();
  const renew = async () => {
    try {
      const renewed = await queue.updateMessage(message.messageId, receipt, undefined, milliseconds / 1000);
      receipt = renewed.popReceipt ?? receipt;
    } catch (error) {
      onError(error);
    }
  };
  const timer = setInterval(() => {
    renewal = renewal.then(renew);
  }, milliseconds / 2);
  return {
    async release() {
      clearInterval(timer);
      await renewal;
      return receipt;
    },
  };
}
