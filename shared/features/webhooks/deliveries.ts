import { defined } from '../../core/documents/defined.ts';
import { parseStored, readStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Predicate, QueryDocuments, ReadDocument } from '../../core/ports/documents.ts';
import { deliveryRef } from './delivery-id.ts';
import type { Delivery } from './documents.ts';
import { deliverySchema, webhookKey } from './documents.ts';

/**
 * A filter of a webhook's deliveries; an absent property does not restrict. Times are those of the events, ISO 8601 in
 * UTC.
 */
export interface DeliveryFilter {
  readonly status?: Delivery['status'] | undefined;
  readonly type?: string | undefined;
  readonly repository?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export interface DeliveryPage {
  readonly deliveries: readonly Delivery[];
  readonly continuation?: string;
}

/**
 * Lists one page, the newest event first, also of a deleted webhook. Throws `StoreFailure` and `UnreadableDocument`.
 */
export async function listDeliveries(
  documents: QueryDocuments,
  hook: { readonly registry: RegistryName; readonly name: string },
  filter: DeliveryFilter,
  page: { readonly limit: number; readonly continuation?: string | undefined },
): Promise<DeliveryPage> {
  const found = await documents.queryDocuments({
    container: 'deliveries',
    partition: [webhookKey(hook.registry, hook.name)],
    where: [{ path: 'type', is: '=', value: 'delivery' }, ...predicatesOf(filter)],
    orderBy: { path: 'eventTime', direction: 'desc' },
    limit: page.limit,
    ...defined({ continuation: page.continuation }),
  });
  const deliveries = found.documents.map(
    (each) => parseStored(deliverySchema, each, { container: 'deliveries' }).document,
  );
  return { deliveries, ...defined({ continuation: found.continuation }) };
}

function predicatesOf({ status, type, repository, since, until }: DeliveryFilter): Predicate[] {
  const all: readonly [string, '=' | '>=' | '<', string | undefined][] = [
    ['status', '=', status],
    ['eventType', '=', type],
    ['repository', '=', repository],
    ['eventTime', '>=', since],
    ['eventTime', '<', until],
  ];
  return all.flatMap(([path, is, value]): Predicate[] => (value === undefined ? [] : [{ path, is, value }]));
}

/**
 * Reads a delivery; `undefined` when there is none, or it has left the log. Throws `StoreFailure` and
 * `UnreadableDocument`.
 */
export async function readDelivery(
  documents: ReadDocument,
  registry: RegistryName,
  name: string,
  deliveryId: string,
): Promise<Delivery | undefined> {
  const ref = deliveryRef(registry, name, deliveryId);
  return ref === undefined ? undefined : (await readStored(documents, deliverySchema, ref))?.document;
}
