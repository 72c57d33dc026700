import type { QueueClient } from '@azure/storage-queue';
import { QueueServiceClient } from '@azure/storage-queue';
import type { ProbeDependency } from '../../core/ports/probe.ts';
import type { SendMessage } from '../../core/ports/queues.ts';
import { within } from './deadline.ts';
import type { StorageSettings } from './storageclient.ts';
import { storagePipeline, usualSeconds } from './storageclient.ts';
import { storageFailure } from './storagefailures.ts';

/** The limits of https://learn.microsoft.com/azure/storage/queues/scalability-targets */
const maxTextBytes = 64 * 1024;
const maxDelaySeconds = 7 * 24 * 3600;
/**
 * A message never expires: by default it dies after 7 days, and a message delayed by as long would never be received.
 */
const neverExpires = -1;

/**
 * Sends to the queues of one storage account, which must exist. Throws `TypeError` for a message over 64 KiB of base64,
 * or a delay over 7 days.
 */
export function azureQueues(settings: StorageSettings): SendMessage & ProbeDependency {
  const service =
    'connectionString' in settings
      ? QueueServiceClient.fromConnectionString(settings.connectionString, storagePipeline())
      : new QueueServiceClient(settings.endpoint, settings.credential, storagePipeline());
  const clients = new Map<string, QueueClient>();
  return {
    async sendMessage(queue, message, delaySeconds = 0) {
      const text = encoded(queue, message);
      if (!(delaySeconds >= 0 && delaySeconds <= maxDelaySeconds))
        throw new TypeError(`a message to ${queue} delayed by ${delaySeconds} seconds`);
      const client = clients.get(queue) ?? service.getQueueClient(queue);
      clients.set(queue, client);
      const send = (abortSignal: AbortSignal) =>
        client.sendMessage(text, {
          visibilityTimeout: Math.ceil(delaySeconds),
          messageTimeToLive: neverExpires,
          abortSignal,
        });
      await within(usualSeconds, send).catch((error: unknown) => {
        throw storageFailure('queues', `send to ${queue}`, error);
      });
    },
    dependency: 'queues',
    async probe() {
      await within(10, (abortSignal) => service.listQueues({ abortSignal }).byPage({ maxPageSize: 1 }).next()).catch(
        (error: unknown) => {
          throw storageFailure('queues', 'probe', error);
        },
      );
    },
  };
}

/** Encodes a message as base64, because queue-triggered functions expect that. */
function encoded(queue: string, message: unknown): string {
  const json = JSON.stringify(message) as string | undefined;
  if (json === undefined) throw new TypeError(`a message to ${queue} that is no JSON`);
  const text = Buffer.from(json).toString('base64');
  if (text.length > maxTextBytes)
    throw new TypeError(`a message of ${text.length} bytes to ${queue}: Storage Queues allow 64 KiB`);
  return text;
}
