import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Documents } from '../ports/documents.ts';
import { StoreFailure } from '../ports/failures.ts';
import type { Dependency } from '../ports/failures.ts';
import type { SendMessage } from '../ports/queues.ts';
import type { CloudEvent, PublishEvents } from '../ports/topic.ts';
import type { CallOutcome, Metrics } from './metrics.ts';

export interface StorePorts {
  readonly documents: Documents;
  readonly blobs: Blobs;
  readonly queues: SendMessage;
  readonly topic: PublishEvents;
}

/** The same ports; every call is counted by its verb and by how it ended. Nothing waits for the counting. */
export function counted(ports: StorePorts, metrics: Metrics, clock: Clock): StorePorts {
  return { documents: countedDocuments(ports, metrics), blobs: countedBlobs(ports, metrics), ...countedMessages(ports, metrics, clock) };
}

function countedDocuments({ documents }: StorePorts, metrics: Metrics): Documents {
  return {
    readDocument: (ref) => tally(metrics, 'documents.read', documents.readDocument(ref)),
    queryDocuments: (query) => tally(metrics, 'documents.query', documents.queryDocuments(query)),
    countDocuments: (query) => tally(metrics, 'documents.count', documents.countDocuments(query)),
    commitDocuments: (container, partition, changes) => tally(metrics, 'documents.commit', documents.commitDocuments(container, partition, changes)),
  };
}

function countedBlobs({ blobs }: StorePorts, metrics: Metrics): Blobs {
  return {
    stageBlock: (name, blockId, bytes) => tally(metrics, 'blobs.stage', blobs.stageBlock(name, blockId, bytes)),
    listStagedBlocks: (name) => tally(metrics, 'blobs.listStaged', blobs.listStagedBlocks(name)),
    commitBlocks: (name, blockIds, metadata) => tally(metrics, 'blobs.commit', blobs.commitBlocks(name, blockIds, metadata)),
    putBlob: (name, bytes, metadata) => tally(metrics, 'blobs.put', blobs.putBlob(name, bytes, metadata)),
    statBlob: (name) => tally(metrics, 'blobs.stat', blobs.statBlob(name)),
    readBlob: (name, range) => tally(metrics, 'blobs.read', blobs.readBlob(name, range)),
    deleteBlob: (name, ifMatch) => tally(metrics, 'blobs.delete', blobs.deleteBlob(name, ifMatch)),
    listBlobs: (limit, continuation) => tally(metrics, 'blobs.list', blobs.listBlobs(limit, continuation)),
    signBlobUrl: (name, seconds) => tally(metrics, 'blobs.sign', blobs.signBlobUrl(name, seconds)),
  };
}

function countedMessages({ queues, topic }: StorePorts, metrics: Metrics, clock: Clock): Pick<StorePorts, 'queues' | 'topic'> {
  return {
    queues: { sendMessage: (queue, message, delaySeconds) => tally(metrics, 'queues.send', queues.sendMessage(queue, message, delaySeconds)) },
    topic: {
      async publishEvents(events) {
        await tally(metrics, 'events.publish', topic.publishEvents(events));
        countPublished(events, metrics, clock.now().getTime());
      },
    },
  };
}

/** An event carries the time at which it was recorded beside what it tells of, also when the sweep publishes it much later. */
function countPublished(events: readonly CloudEvent[], metrics: Metrics, now: number): void {
  for (const { type, time } of events) metrics.countPublished(type, now - Date.parse(time));
}

/** Gives back the very promise, so that the caller waits no longer; the branch that counts never rejects. */
function tally<T>(metrics: Metrics, call: `${Dependency}.${string}`, answer: Promise<T>): Promise<T> {
  void answer.then(
    () => metrics.countCall(call, 'ok'),
    (error: unknown) => metrics.countCall(call, outcomeOf(error)),
  );
  return answer;
}

function outcomeOf(error: unknown): CallOutcome {
  return error instanceof StoreFailure ? error.kind : 'failed';
}
