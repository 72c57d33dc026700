import type { EventConsumer } from '../core/feature/events.ts';
import type { Log } from '../core/ports/log.ts';
import type { Tracer } from '../core/ports/tracer.ts';
import { inEventSpan, inTimerSpan } from '../core/telemetry/traced.ts';
import type { Triggers } from './feature-list.ts';
import type { LongshoreOf } from './longshore.ts';

interface TriggerPorts {
  readonly log: Log;
  /** Absent where nothing is traced. */
  readonly tracer: Tracer | undefined;
}

/** The triggers of all features, each in a span of its name. */
export function triggersOf<T extends Triggers>(
  triggers: T,
  { tracer, log }: TriggerPorts,
): Pick<LongshoreOf<T>, keyof Triggers | 'subscriptions'> {
  const consumers = Object.entries(triggers.events) as [string, EventConsumer][];
  const timers = Object.entries(triggers.timers) as [string, () => Promise<unknown>][];
  const made = {
    events: Object.fromEntries(
      consumers.map(([name, consumer]) => [
        name,
        (event: unknown) => inEventSpan(tracer, name, event, () => consume(consumer, event, log)),
      ]),
    ),
    subscriptions: Object.fromEntries(consumers.map(([name, { types }]) => [name, types])),
    messages: triggers.messages,
    timers: Object.fromEntries(timers.map(([name, run]) => [name, () => inTimerSpan(tracer, name, run)])),
  };
  // The names are the same, and so is what each timer returns.
  return made as unknown as ReturnType<typeof triggersOf<T>>;
}

async function consume(consumer: EventConsumer, event: unknown, log: Log): Promise<void> {
  let handle: () => Promise<void>;
  try {
    handle = consumer.read(event);
  } catch (error) {
    log.error({ err: error }, 'an event has an unknown type or shape and is dropped');
    return;
  }
  await handle();
}
