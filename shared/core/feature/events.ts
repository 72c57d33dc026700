import type { EventType } from '../events/catalogue.ts';
import { eventTypes } from '../events/catalogue.ts';
import type { CatalogueEvent } from '../events/envelope.ts';
import { parseCloudEvent, parseEvent } from '../events/envelope.ts';
import type { CloudEvent } from '../ports/topic.ts';

/** The handler of the events of one subscription. */
export interface EventConsumer {
  /** The types that it acts on. Its subscription in infra/event-subscriptions.json names the same ones. */
  readonly types: readonly EventType[];
  /** Parses a delivered event, and returns what handles it. Throws `z.ZodError` when it is none of the catalogue. */
  readonly read: (event: unknown) => () => Promise<void>;
}

type EventOf<T extends EventType> = Extract<CatalogueEvent, { readonly type: T }>;

/** Acts on events of these types, and does nothing with others. */
export function onEvents<const T extends EventType>(
  types: readonly T[],
  handle: (event: EventOf<T>) => Promise<void>,
): EventConsumer {
  const isOurs = (event: CatalogueEvent): event is EventOf<T> => types.some((type) => type === event.type);
  return {
    types,
    read: (input) => {
      const event = parseEvent(input);
      return () => (isOurs(event) ? handle(event) : Promise.resolve());
    },
  };
}

/** Acts on events of every type, as they were published. */
export function onEveryEvent(handle: (event: CloudEvent) => Promise<void>): EventConsumer {
  return {
    types: eventTypes,
    read: (input) => {
      const event = parseCloudEvent(input);
      return () => handle(event);
    },
  };
}
