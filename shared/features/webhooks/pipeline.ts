import type { CloudEvent } from '../../core/ports/topic.ts';
import { deliver } from './deliver.ts';
import { dispatch } from './dispatch.ts';
import { dispatchLimits, HostLimits, retryLimits } from './host-limits.ts';
import type { PipelinePorts, WebhookPorts } from './ports.ts';
import { sweepWebhooks } from './sweep.ts';

/**
 * The work of triggers on webhooks, and what their management needs of it. There is one for each instance: it knows how
 * many requests are under way at which host.
 */
export interface WebhookPipeline {
  readonly ports: PipelinePorts;
  dispatch(event: CloudEvent): Promise<void>;
  deliver(message: unknown): Promise<void>;
  /**
   * Logs and drops a message that no attempt could handle: documents say what is due, and the sweep sends another
   * message for it.
   */
  letGo(message: unknown): void;
  sweep(): Promise<void>;
}

export function webhookPipeline(world: WebhookPorts): WebhookPipeline {
  const hosts = { first: new HostLimits(dispatchLimits), later: new HostLimits(retryLimits) };
  const ports = { ...world, hosts, unheard: new Set<string>() };
  return {
    ports,
    dispatch: (event) => dispatch(ports, event),
    deliver: (message) => deliver(ports, message),
    letGo: (message) =>
      ports.log.error(
        { poison: message },
        'a message about webhooks failed at every attempt: the sweep will send another one',
      ),
    async sweep() {
      const swept = await sweepWebhooks(ports);
      if (Object.values(swept).some((count: number) => count > 0))
        ports.log.info(swept, 'the sweep of webhooks continued what a crash left undone');
    },
  };
}
