import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Documents } from '../ports/documents.ts';
import type { Dependency } from '../ports/failures.ts';
import { StoreFailure } from '../ports/failures.ts';
import type { AskBytes, AskUrl, GetJson } from '../ports/outbound.ts';
import type { NoAnswer, PostRequest, ReceiverAnswer } from '../ports/post.ts';
import type { SendMessage } from '../ports/queues.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { CloudEvent, PublishEvents } from '../ports/topic.ts';
import type { Tracer } from '../ports/tracer.ts';
import type { CallOutcome, Metrics, PostOutcome } from './metrics.ts';
import { statusClasses } from './metrics.ts';
import { storeSpan, withTraceparent } from './traced.ts';

export interface StorePorts {
  readonly documents: Documents;
  readonly blobs: Blobs;
  readonly queues: SendMessage;
  readonly topic: PublishEvents;
  readonly secrets?: Secrets;
  readonly outbound: GetJson & AskUrl & AskBytes;
  readonly receivers: PostRequest;
}

/** Makes a call and has it counted and traced. */
type Watch = <T>(call: `${Dependency}.${string}`, work: () => Promise<T>, container?: string) => Promise<T>;

/**
 * Wraps the ports so that every call is counted by its verb and by how it ended, and is a span where there is a tracer.
 * Nothing waits for the counting.
 */
export function counted(ports: StorePorts, metrics: Metrics, clock: Clock, tracer?: Tracer): StorePorts {
  const watch: Watch =
    tracer === undefined
      ? (call, work) => tally(metrics, call, work())
      : (call, work, container) => tally(metrics, call, tracer.inSpan(storeSpan(call, container), work));
  const topic = countedTopic(ports, { watch, metrics, clock, tracer });
  return {
    documents: countedDocuments(ports, watch),
    blobs: countedBlobs(ports, watch),
    queues: countedQueues(ports, watch),
    topic,
    outbound: countedOutbound(ports, watch),
    receivers: countedReceivers(ports, metrics),
    ...countedSecrets(ports, watch),
  };
}

function countedDocuments({ documents }: StorePorts, watch: Watch): Documents {
  return {
    readDocument: (ref) => watch('documents.read', () => documents.readDocument(ref), ref.container),
    queryDocuments: (query) => watch('documents.query', () => documents.queryDocuments(query), query.container),
    countDocuments: (query) => watch('documents.count', () => documents.countDocuments(query), query.container),
    commitDocuments: (container, partition, changes) =>
      watch('documents.commit', () => documents.commitDocuments(container, partition, changes), container),
  };
}

function countedBlobs({ blobs }: StorePorts, watch: Watch): Blobs {
  return {
    stageBlock: (name, blockId, bytes) => watch('blobs.stage', () => blobs.stageBlock(name, blockId, bytes)),
    stageBlockFrom: (name, blockId, source, range) =>
      watch('blobs.stageFrom', () => blobs.stageBlockFrom(name, blockId, source, range)),
    listStagedBlocks: (name) => watch('blobs.listStaged', () => blobs.listStagedBlocks(name)),
    commitBlocks: (name, blockIds, metadata) =>
      watch('blobs.commit', () => blobs.commitBlocks(name, blockIds, metadata)),
    putBlob: (name, bytes, metadata) => watch('blobs.put', () => blobs.putBlob(name, bytes, metadata)),
    statBlob: (name) => watch('blobs.stat', () => blobs.statBlob(name)),
    readBlob: (name, range) => watch('blobs.read', () => blobs.readBlob(name, range)),
    deleteBlob: (name, ifMatch) => watch('blobs.delete', () => blobs.deleteBlob(name, ifMatch)),
    listBlobs: (limit, continuation) => watch('blobs.list', () => blobs.listBlobs(limit, continuation)),
    signBlobUrl: (name, seconds) => watch('blobs.sign', () => blobs.signBlobUrl(name, seconds)),
  };
}

function countedQueues({ queues }: StorePorts, watch: Watch): SendMessage {
  return {
    sendMessage: (queue, message, delaySeconds) =>
      watch('queues.send', () => queues.sendMessage(queue, message, delaySeconds)),
  };
}

function countedTopic(
  { topic }: StorePorts,
  { watch, metrics, clock, tracer }: { watch: Watch; metrics: Metrics; clock: Clock; tracer: Tracer | undefined },
): PublishEvents {
  return {
    async publishEvents(events) {
      await watch('events.publish', () =>
        topic.publishEvents(tracer === undefined ? events : withTraceparent(events, tracer)),
      );
      countPublished(events, metrics, clock.now().getTime());
    },
  };
}

function countedOutbound({ outbound }: StorePorts, watch: Watch): GetJson & AskUrl & AskBytes {
  return {
    getJson: (url, dependency) => watch(`${dependency}.get`, () => outbound.getJson(url, dependency)),
    ask: (url, how) =>
      watch(`${how.dependency}.${how.method === 'HEAD' ? 'head' : 'get'}`, () => outbound.ask(url, how)),
    askBytes: (url, how) =>
      watch(`responder.${how.method === 'POST' ? 'post' : 'get'}`, () => outbound.askBytes(url, how)),
  };
}

/** Counts posts: those to receivers of webhooks by themselves, as what they answer is their users' affair. */
function countedReceivers({ receivers }: StorePorts, metrics: Metrics): PostRequest {
  return {
    async post(request) {
      const answer = await receivers.post(request);
      if (request.dependency !== 'receiver') metrics.countCall(`${request.dependency}.post`, postOutcome(answer));
      else metrics.countPost(answer.is === 'answered' ? statusClass(answer.status) : answer.is, answer.ms);
      return answer;
    },
  };
}

function postOutcome({ is }: ReceiverAnswer | NoAnswer): CallOutcome {
  if (is === 'answered') return 'ok';
  return is === 'refused' ? 'failed' : 'unavailable';
}

/** Returns the class of a status. A receiver may answer with any number at all. */
function statusClass(status: number): PostOutcome {
  return statusClasses[Math.floor(status / 100) - 1] ?? 'other';
}

function countedSecrets({ secrets }: StorePorts, watch: Watch): Pick<StorePorts, 'secrets'> {
  if (secrets === undefined) return {};
  return {
    secrets: {
      readSecret: (name, version) => watch('secrets.read', () => secrets.readSecret(name, version)),
      writeSecret: (name, value) => watch('secrets.write', () => secrets.writeSecret(name, value)),
    },
  };
}

/**
 * Counts published events. An event carries the time at which it was recorded with its change, also when the sweep
 * publishes it much later.
 */
function countPublished(events: readonly CloudEvent[], metrics: Metrics, now: number): void {
  for (const { type, time } of events) metrics.countPublished(type, now - Date.parse(time));
}

/**
 * Counts how a call ends. It returns the very promise, so that the caller waits no longer; the branch that counts never
 * rejects.
 */
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
