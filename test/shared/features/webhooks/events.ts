import type { EventType } from '../../../../shared/core/events/catalogue.ts';
import { catalogue } from '../../../../shared/core/events/catalogue.ts';
import type { CloudEvent } from '../../../../shared/core/ports/topic.ts';

let made = 0;

/** The catalogue's example of a type, with another target where one is given. `undefined` takes a property away. */
export function eventOf(type: EventType, target: Readonly<Record<string, unknown>> = {}): CloudEvent {
  const { example } = catalogue[type];
  const data: unknown = JSON.parse(JSON.stringify({ ...example, target: { ...example.target, ...target } }));
  made += 1;
  return {
    specversion: '1.0',
    id: `event-${made}`,
    source: '/longshore',
    type,
    subject: 'team/app',
    time: '2026-01-01T12:00:00.000Z',
    datacontenttype: 'application/json',
    data,
  };
}

export function pushed(repository: string, tag: string): CloudEvent {
  return eventOf('Microsoft.ContainerRegistry.ImagePushed', { repository, tag });
}
