import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock, RandomIds } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { Log } from '../../core/ports/log.ts';
import type { PostRequest } from '../../core/ports/post.ts';
import type { SendMessage } from '../../core/ports/queues.ts';
import type { PublishEvents } from '../../core/ports/topic.ts';
import type { SealingKeys } from '../../core/secrets/sealing-keys.ts';
import type { HostLimits } from './host-limits.ts';

/** The ports of webhooks. */
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
  readonly sealing: SealingKeys;
}

/** The further ports of delivering, which are this instance's alone. */
export interface PipelinePorts extends WebhookPorts {
  /** The places of first attempts, and of those from the queue: neither occupies all places at a host. */
  readonly hosts: { readonly first: HostLimits; readonly later: HostLimits };
  /** The types of events of which the last that came here was for no hook. */
  readonly unheard: Set<string>;
}
