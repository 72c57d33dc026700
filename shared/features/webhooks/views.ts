import { defined } from '../../core/documents/defined.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { CountDocuments, QueryDocuments } from '../../core/ports/documents.ts';
import type { WebhookViews } from '../../core/ports/views.ts';
import { listDeliveries } from './deliveries.ts';
import type { Webhook } from './documents.ts';
import { webhookDocumentSchema } from './documents.ts';
import { healthSchema } from './health.ts';

const mostShown = 10;

/**
 * Makes what views show of webhooks: a webhook that works has no document of its health. Each that is shown costs a query
 * for its last delivery.
 */
export function webhookViews(documents: QueryDocuments & CountDocuments, registry: RegistryName): WebhookViews {
  return {
    async webhooks() {
      const place = { container: 'registries' as const, partition: [registry] };
      const isWebhook = { path: 'type', is: '=' as const, value: 'webhook' };
      const byName = { path: 'name', direction: 'asc' as const };
      const hooks = { ...place, where: [isWebhook], orderBy: byName, limit: mostShown };
      const [total, shown, page] = await Promise.all([
        documents.countDocuments({ ...place, where: [isWebhook] }),
        firstOf(mostShown, storedOf(documents, hooks, webhookDocumentSchema)),
        documents.queryDocuments({
          ...place,
          where: [
            { path: 'type', is: '=', value: 'webhook-health' },
            { path: 'state', is: 'in', values: ['counting', 'open'] },
          ],
          limit: mostShown,
        }),
      ]);
      const failing = page.documents.map((found) => {
        const { name, since, lastFailure, dueAt } = parseStored(healthSchema, found, place).document;
        return { name, since, reason: lastFailure, ...defined({ nextAttemptAt: dueAt }) };
      });
      const isFailing = new Set(failing.map(({ name }) => name));
      const latest = shown.map(({ document: { hook } }) => lastOf(documents, hook, isFailing.has(hook.name)));
      return { total, failing, latest: await Promise.all(latest) };
    },
  };
}

/** Reads the delivery of the newest event of a webhook, with the time of its last attempt. */
async function lastOf(documents: QueryDocuments, { registry, name, status, brokenSince }: Webhook, isFailing: boolean) {
  const { deliveries } = await listDeliveries(documents, { registry, name }, {}, { limit: 1 });
  const [last] = deliveries;
  const state = status === 'disabled' ? 'off' : isFailing || brokenSince !== undefined ? 'failing' : 'working';
  return {
    name,
    state,
    ...defined({ at: last?.attempts.at(-1)?.at ?? last?.createdAt, status: last?.status }),
  } as const;
}
