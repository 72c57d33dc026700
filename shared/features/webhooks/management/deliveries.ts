import type { OpenAPIHono } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { managementRoutes, nextLink } from '../../../core/http/management.ts';
import { originOf } from '../../../core/http/origin.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { DeliveryFilter, DeliveryPage } from '../deliveries.ts';
import { listDeliveries, readDelivery } from '../deliveries.ts';
import { eventOf, withEvents } from '../event-store.ts';
import { requireHook } from '../hooks.ts';
import { deliveryOnWire, deliveryRouteTable } from './delivery-wire.ts';
import { webhooksTag } from './hook-schema.ts';
import { acrEventOf, listEventsRoutes } from './list-events.ts';
import type { WebhookManagementPorts } from './ports.ts';

/** Makes the routes of a webhook's log. It shows requests, but never their credentials. */
export function deliveryRoutes(ports: WebhookManagementPorts): OpenAPIHono {
  const { documents, registry } = ports;
  const api = managementRoutes(webhooksTag);
  api.openapi(deliveryRouteTable.list, async (context) => {
    const { limit, continuation, ...filter } = context.req.valid('query');
    const page = await listKnown(ports, context.req.valid('param').name, filter, {
      limit,
      continuation,
    });
    return context.json(
      { items: page.deliveries.map(deliveryOnWire), ...nextLink(context.req, page.continuation) },
      200,
    );
  });
  api.openapi(deliveryRouteTable.read, async (context) => {
    const { name, id } = context.req.valid('param');
    const delivery = await readDelivery(documents, registry, name, id);
    if (delivery === undefined)
      throw new RegistryError({
        is: 'thing-unknown',
        code: 'deliveryNotFound',
        what: `delivery "${id}" of the webhook "${name}"`,
      });
    const event = await eventOf(documents, delivery);
    const shown = deliveryOnWire(delivery);
    return context.json(event === undefined ? shown : { ...shown, event }, 200);
  });
  for (const route of listEventsRoutes) {
    api.openapi(route, async (context) => {
      const page = context.req.valid('query');
      const { deliveries, continuation } = await listKnown(ports, context.req.valid('param').name, {}, page);
      return context.json(
        {
          value: (await withEvents(documents, deliveries)).flatMap(acrEventOf),
          ...defined({
            nextLink:
              continuation === undefined
                ? undefined
                : absoluteLink(
                    new URL(context.req.path, originOf(context.req.raw, ports.publicUrl).url),
                    page.limit,
                    continuation,
                  ),
          }),
        },
        200,
      );
    });
  }
  return api;
}

/**
 * Lists deliveries, also of a deleted webhook; a name that never was a webhook's is told apart from one without
 * deliveries.
 */
async function listKnown(
  { documents, registry }: WebhookManagementPorts,
  name: string,
  filter: DeliveryFilter,
  page: { limit: number; continuation?: string | undefined },
): Promise<DeliveryPage> {
  const found = await listDeliveries(documents, { registry, name }, filter, page);
  if (found.deliveries.length === 0) await requireHook(documents, registry, name);
  return found;
}

/** Makes an absolute link, because Azure's clients call it as it stands. */
function absoluteLink(list: URL, limit: number, continuation: string): string {
  list.search = String(new URLSearchParams({ limit: String(limit), continuation }));
  return list.href;
}
