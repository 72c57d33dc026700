import { defined } from '../../core/documents/defined.ts';
import type { Places } from '../../core/documents/whole-list.ts';
import { onEveryEvent } from '../../core/feature/events.ts';
import { feature } from '../../core/feature/feature.ts';
import { checkTarget } from '../../core/outbound/outbound-target.ts';
import type { Reach } from '../../core/outbound/public-address.ts';
import type { Documents } from '../../core/ports/documents.ts';
import { webhookPipeline } from './pipeline.ts';
import type { WebhookPorts } from './ports.ts';
import { webhookViews } from './views.ts';

interface Ports extends WebhookPorts {
  readonly lists: { readonly documents: Documents; readonly places: Places };
  readonly settings: { readonly publicUrl?: URL; readonly reach: Reach };
}

/** Posts events to the receivers that users name. */
export const webhooks = feature({
  name: 'webhooks',
  make(ports: Ports) {
    const { lists, settings } = ports;
    const pipeline = webhookPipeline(ports);
    return {
      async routes() {
        const { webhookRoutes } = await import('./management/http.ts');
        return webhookRoutes({
          ...pipeline.ports,
          ...lists,
          ...defined({ publicUrl: settings.publicUrl }),
          checkTarget: (url) => checkTarget(url, settings.reach),
        });
      },
      async describe(registry) {
        (await import('./management/received.ts')).describeReceived(registry);
      },
      events: { 'webhooks-dispatch': onEveryEvent((event) => pipeline.dispatch(event)) },
      messages: {
        'webhooks-deliver': (message: unknown) => pipeline.deliver(message),
        'webhooks-let-go': (message: unknown) => pipeline.letGo(message),
      },
      timers: { 'webhooks-sweep': () => pipeline.sweep() },
      gives: { webhookViews: webhookViews(ports.documents, ports.registry) },
    };
  },
});
