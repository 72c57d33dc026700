import type { QueueServiceClient } from '@azure/storage-queue';
import { createBackoff } from '../backoff.ts';
import type { QueueSettings } from '../host-json.ts';
import type { Invoke } from '../invocation.ts';
import type { Listener } from '../listener.ts';
import { describeError, type Log } from '../log.ts';
import type { HostedFunction, QueueTrigger } from '../trigger-binding.ts';
import { waited } from '../wait.ts';
import { leaseMilliseconds } from './lease.ts';
import { type MessageRunOptions, runMessage } from './message-run.ts';
import { poisonQueue } from './poison.ts';

/** The first wait after an empty poll: QueuePollingIntervals.Minimum of the storage extension. */
const shortestPoll = 100;

export interface QueueListenerOptions {
  fn: HostedFunction<QueueTrigger>;
  account: QueueServiceClient;
  settings: QueueSettings;
  invoke: Invoke;
  log: Log;
  /** Factor on the waits between polls; a test makes it small. */
  pollScale: number;
  leaseMilliseconds?: number;
}

/**
 * Polls one queue for one function: `batchSize` messages at a time, and again once no more than `newBatchThreshold` of
 * them run, so never more than the sum of both at once. Creates the queue.
 */
export function startQueueListener(options: QueueListenerOptions): Listener {
  const stopping = new AbortController();
  const loop = pollUntil(stopping.signal, options);
  return {
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}

async function pollUntil(stop: AbortSignal, options: QueueListenerOptions): Promise<void> {
  const { fn, settings, log, pollScale } = options;
  const backoff = createBackoff(shortestPoll * pollScale, settings.maxPollingInterval * pollScale);
  const threshold = settings.newBatchThreshold ?? Math.floor(settings.batchSize / 2);
  const poll = createPoll(options);
  const running = new Set<Promise<void>>();
  const stopped = new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
  while (!stop.aborted) {
    const runs = await poll().catch((error: unknown) => {
      log({
        level: 'warning',
        category: 'Host.Queue',
        functionName: fn.name,
        message: `Queue '${fn.trigger.queueName}' could not be read. ${describeError(error)}`,
      });
      return [];
    });
    for (const run of runs) {
      running.add(run);
      void run.finally(() => running.delete(run));
    }
    const wait = backoff.next(runs.length > 0);
    if (runs.length === 0) await waited(wait, stop);
    await Promise.race([fallsTo(threshold, running), stopped]);
  }
}

/**
 * One poll: answers the runs it started. After a failure the queue is looked for again, as it may have been deleted.
 */
function createPoll(options: QueueListenerOptions): () => Promise<Promise<void>[]> {
  const { fn, account, settings } = options;
  const queue = account.getQueueClient(fn.trigger.queueName);
  const lease = options.leaseMilliseconds ?? leaseMilliseconds;
  const run: MessageRunOptions = {
    ...options,
    queue,
    poison: poisonQueue(account, fn.trigger.queueName),
    leaseMilliseconds: lease,
  };
  let exists = false;
  return async () => {
    if (!exists) await queue.createIfNotExists();
    exists = false;
    const received = await queue.receiveMessages({
      numberOfMessages: settings.batchSize,
      visibilityTimeout: lease / 1000,
    });
    exists = true;
    return received.receivedMessageItems.map((message) => runMessage(run, message));
  };
}

async function fallsTo(count: number, running: ReadonlySet<Promise<void>>): Promise<void> {
  while (running.size > count) await Promise.race(running);
}
