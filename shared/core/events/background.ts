import type { Cause } from '../ports/cause.ts';
import type { RandomIds } from '../ports/clock.ts';

/** Makes the cause of events of a timer: it acts in the name of the actor that began the work. */
export function causeOfBackground(ports: { readonly ids: RandomIds }, actor: string): Cause {
  return { request: { id: ports.ids.nextId(), host: '', method: '', useragent: 'longshore' }, actor: { name: actor } };
}
