import type { RegistryName } from '../oci/name.ts';
import type { Clock, RandomIds } from '../ports/clock.ts';
import type { Documents } from '../ports/documents.ts';
import type { Log } from '../ports/log.ts';
import type { PostRequest } from '../ports/post.ts';
import type { SendMessage } from '../ports/queues.ts';
import type { PublishEvents } from '../ports/topic.ts';
import type { HostLimits } from './host-limits.ts';

/** What webhooks need of the world. */
export interface WebhookPorts {
  readonly documents: Documents;
  readonly queues: SendMessage;
  readonly topic: PublishEvents;
  readonly receivers: PostRequest;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
  readonly registry: RegistryName;
  /** `source` of the events that webhooks themselves publish. */
  readonly eventSource: string;
  readonly keys: SealingKeys;
}

/** What delivering needs beside: of this instance alone. */
export interface PipelinePorts extends WebhookPorts {
  /** Of first attempts, and of those from the queue: neither takes all places at a host. */
  readonly hosts: { readonly first: HostLimits; readonly later: HostLimits };
}

/** Keys that seal secrets at rest. More than one while they are being changed: the newest seals, each opens what its id is on. */
export interface SealingKeys {
  /** Throws `StoreFailure` when the keys cannot be had. */
  current(): Promise<{ readonly id: string; readonly secret: Uint8Array }>;
  /** `undefined` when there is no such key any more. Throws `StoreFailure`. */
  byId(id: string): Promise<Uint8Array | undefined>;
}
