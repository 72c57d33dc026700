import { z } from 'zod';
import type { CloudEvent } from '../ports/topic.ts';
import type { EventData, EventType } from './catalogue.ts';
import { catalogue, eventTypes } from './catalogue.ts';

export type { Cause } from '../ports/cause.ts';

/** Makes a CloudEvent of the catalogue. `source` names the registry. */
export function envelope<T extends EventType>(
  type: T,
  about: { readonly id: string; readonly time: string; readonly source: string; readonly subject: string },
  data: EventData<T>,
): CloudEvent {
  return {
    specversion: '1.0',
    id: about.id,
    source: about.source,
    type,
    subject: about.subject,
    time: about.time,
    datacontenttype: 'application/json',
    data,
  };
}

const envelopeSchema = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.enum(eventTypes),
  subject: z.string(),
  time: z.iso.datetime({ offset: true }),
});

/** An event as a handler gets it, of a known type and with checked data. */
export type CatalogueEvent = {
  [T in EventType]: {
    readonly id: string;
    readonly source: string;
    readonly type: T;
    readonly subject: string;
    readonly time: string;
    readonly data: EventData<T>;
  };
}[EventType];

/**
 * Checks an event that Event Grid delivers, and returns it as it was published, for handlers that pass it on. Throws
 * `z.ZodError`.
 */
export function parseCloudEvent(input: unknown): CloudEvent {
  const { id, source, type, subject, time } = parseEvent(input);
  return {
    specversion: '1.0',
    id,
    source,
    type,
    subject,
    time,
    datacontenttype: 'application/json',
    data: (input as { data: unknown }).data,
  };
}

/** Parses what Event Grid delivers. Throws `z.ZodError` when it is no event of the catalogue. */
export function parseEvent(input: unknown): CatalogueEvent {
  const { id, source, type, subject, time } = envelopeSchema.parse(input);
  const data = catalogue[type].data.parse((input as { data?: unknown }).data);
  return { id, source, type, subject, time, data } as CatalogueEvent;
}
