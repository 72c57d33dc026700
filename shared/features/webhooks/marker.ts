import { z } from 'zod';
import { patching } from '../../core/documents/changes.ts';
import { registrySchema } from '../../core/documents/names.ts';
import { stableId } from '../../core/documents/stable-id.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { documentShape, readStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DocumentRef } from '../../core/ports/documents.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import { dayOf } from './delivery-id.ts';
import type { WebhookPorts } from './ports.ts';

/**
 * The seconds for which a marker is kept: longer than Event Grid retries (a day) and than an event waits in the outbox.
 */
const rememberedFor = 8 * 24 * 3600;
/**
 * The seconds for which the marker of an event with deliveries is kept after its last write: deliveries read the event
 * from it, wait a week at most and are kept for 30 days behind that.
 */
export const keptFor = 40 * 24 * 3600;
/** A dispatch takes less than so many milliseconds: a process that began one before that has died. */
export const underWayMs = 30_000;

/**
 * The marker of an event that is being dispatched, or was. It holds the event, so that the sweep can continue after a
 * crash.
 */
export const markerSchema = z.object({
  ...documentShape('webhook-dispatch'),
  /** The registry, which is the partition with the day of the event. */
  webhook: registrySchema,
  day: z.iso.date(),
  state: z.enum(['open', 'done']),
  takenAt: z.iso.datetime(),
  event: z.custom<CloudEvent>((value) => typeof value === 'object' && value !== null),
  ttl: z.int(),
});
export type Marker = z.infer<typeof markerSchema>;

/**
 * Claims an event. `first` says that nobody had it before, `again` that a process had it and died, so that its work
 * must be checked. Returns `undefined` when it is done, or a process works on it; if that dies, the sweep goes on.
 * Throws `StoreFailure`.
 */
export async function takeEvent(ports: WebhookPorts, event: CloudEvent): Promise<'first' | 'again' | undefined> {
  const ref = markerRef(ports.registry, event);
  const document = newMarker(ports, event, 'open', keptFor);
  const outcome = await ports.documents.commitDocuments('deliveries', ref.partition, [{ do: 'create', document }]);
  if (outcome.committed) return 'first';
  const stored = await readStored(ports.documents, markerSchema, ref);
  return stored !== undefined && (await takeUp(ports, stored)) ? 'again' : undefined;
}

function newMarker({ clock, registry }: WebhookPorts, event: CloudEvent, state: Marker['state'], ttl: number): Marker {
  return {
    id: markerRef(registry, event).id,
    type: 'webhook-dispatch',
    schemaVersion: 1,
    webhook: registry,
    day: dayOf(event.time),
    state,
    takenAt: clock.now().toISOString(),
    event,
    ttl,
  };
}

/**
 * Notes that an event is for no hook. An event that another process has claimed already is left to it, or to the sweep
 * if that process died. Throws `StoreFailure`.
 */
export async function noteUnheard(ports: WebhookPorts, event: CloudEvent): Promise<void> {
  const document = newMarker(ports, event, 'done', rememberedFor);
  const { partition } = markerRef(ports.registry, event);
  await ports.documents.commitDocuments('deliveries', partition, [{ do: 'create', document }]);
}

/**
 * Claims a marker that a dead process left; `false` when it was not left, or somebody else was faster. Throws
 * `StoreFailure`.
 */
export async function takeUp({ documents, clock, registry }: WebhookPorts, found: Stored<Marker>): Promise<boolean> {
  const {
    document: { state, takenAt, event },
  } = found;
  const now = clock.now();
  if (state === 'done' || now.getTime() < Date.parse(takenAt) + underWayMs) return false;
  const { partition } = markerRef(registry, event);
  return (await documents.commitDocuments('deliveries', partition, [patching(found, { takenAt: now.toISOString() })]))
    .committed;
}

/**
 * Closes the marker. `isDelivered` says whether a delivery may read its event from here. A marker of an older version
 * was made for a shorter time. Throws `StoreFailure`.
 */
export async function markDone(
  { documents, registry }: WebhookPorts,
  event: CloudEvent,
  isDelivered: boolean,
): Promise<void> {
  const { partition, id } = markerRef(registry, event);
  await documents.commitDocuments('deliveries', partition, [
    { do: 'patch', id, set: { state: 'done', ttl: isDelivered ? keptFor : rememberedFor } },
  ]);
}

export function markerRef(registry: RegistryName, event: Pick<CloudEvent, 'id' | 'time'>): DocumentRef {
  return {
    container: 'deliveries',
    partition: [registry, dayOf(event.time)],
    id: `dispatch:${stableId(registry, event.id)}`,
  };
}
