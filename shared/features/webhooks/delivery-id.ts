import { stableId } from '../../core/documents/stable-id.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DocumentRef } from '../../core/ports/documents.ts';
import { webhookKey } from './documents.ts';
import type { HookEvent } from './scope.ts';

const pattern = /^dlv_(\d{4})(\d{2})(\d{2})-[A-Za-z0-9_-]{32}$/;

/**
 * Makes the id of one event's delivery to one webhook, the same in any region and however often: `webhook-id`, and the
 * id of the delivery's document. It begins with the day of the event.
 */
export function deliveryIdOf(
  registry: RegistryName,
  name: string,
  { id, time }: Pick<HookEvent, 'id' | 'time'>,
): string {
  return `dlv_${dayOf(time).replaceAll('-', '')}-${stableId(registry, name, id)}`;
}

/** Returns the day of a time, in UTC: `2026-03-01`. */
export function dayOf(time: string): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** Returns the place of a delivery; `undefined` for a text that is no delivery's id. */
export function deliveryRef(registry: RegistryName, name: string, deliveryId: string): DocumentRef | undefined {
  const [, year, month, day] = pattern.exec(deliveryId) ?? [];
  return year === undefined
    ? undefined
    : {
        container: 'deliveries',
        partition: [webhookKey(registry, name), `${year}-${month ?? ''}-${day ?? ''}`],
        id: deliveryId,
      };
}
