import { defined } from '../../core/documents/defined.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { CountDocuments, QueryDocuments } from '../../core/ports/documents.ts';
import type { WebhookViews } from '../../core/ports/views.ts';
import { healthSchema } from './health.ts';

const mostShown = 10;

/** Makes what views show of webhooks: a webhook that works has no document of its health. */
export function webhookViews(documents: QueryDocuments & CountDocuments, registry: RegistryName): WebhookViews {
  return {
    async webhooks() {
      const place = { container: 'registries' as const, partition: [registry] };
      const [total, page] = await Promise.all([
        documents.countDocuments({ ...place, where: [{ path: 'type', is: '=', value: 'webhook' }] }),
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
      return { total, failing };
    },
  };
}
