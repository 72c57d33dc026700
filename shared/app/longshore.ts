import type { EventType } from '../core/events/catalogue.ts';
import type { Log } from '../core/ports/log.ts';
import type { App } from './app.ts';
import type { Triggers } from './feature-list.ts';

/** The app as triggers call it: each function by its own name, and the HTTP app. */
export interface LongshoreOf<T extends Triggers> {
  readonly app: App;
  readonly log: Log;
  /** Handles a delivered event. One that cannot be read is logged and dropped: delivered again it would be no better. */
  readonly events: Readonly<Record<keyof T['events'], (event: unknown) => Promise<void>>>;
  /** Does what a message of a queue asks for. */
  readonly messages: T['messages'];
  /** Does what is due. */
  readonly timers: T['timers'];
  /** The event types that each consumer acts on. */
  readonly subscriptions: Readonly<Record<keyof T['events'], readonly EventType[]>>;
  /** Sends what this instance alone knows, as the pulls that it has counted. Call it before the instance ends. */
  flush(): Promise<void>;
}
