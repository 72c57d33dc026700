import type { CloudEvent, PublishEvents } from '../../core/ports/topic.ts';
import type { CallPlan } from './calls.ts';
import { freezeJson } from './json.ts';

/** Event Grid's limit of one request, in bytes. */
const maxBytes = 1024 * 1024;

/** The events that were published to one region's topic. */
export class PublishedEvents {
  readonly log: CloudEvent[] = [];
  readonly #subscribers: ((event: CloudEvent) => void)[] = [];

  /**
   * Calls the subscriber once per event published from now on, in a later microtask: a publisher never waits for its
   * consumers, or sees them fail.
   */
  subscribe(subscriber: (event: CloudEvent) => void): void {
    this.#subscribers.push(subscriber);
  }

  append(events: readonly CloudEvent[]): void {
    this.log.push(...events);
    for (const subscriber of this.#subscribers) {
      for (const event of events) queueMicrotask(() => subscriber(event));
    }
  }
}

/** Publishes in memory. Throws `TypeError` for no events, or more than 1 MB of them. */
export function memoryTopic(published: PublishedEvents, calls: CallPlan): PublishEvents {
  return {
    publishEvents: (events) =>
      calls.make('events.publish', events, () => {
        const frozen = freezeJson(events);
        if (events.length === 0 || frozen.bytes > maxBytes)
          throw new TypeError(`${events.length} events of ${frozen.bytes} bytes in one call`);
        published.append(frozen.value);
      }),
  };
}
