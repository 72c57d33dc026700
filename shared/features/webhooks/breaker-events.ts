import { stableId } from '../../core/documents/stable-id.ts';
import { envelope } from '../../core/events/envelope.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import { hostOf } from './attempt.ts';
import type { Webhook } from './documents.ts';
import type { WebhookHealth } from './health.ts';
import type { WebhookPorts } from './ports.ts';

/**
 * Publishes that a receiver keeps failing. Published again after a crash, the event has the same id. Returns `false`
 * when the topic is down.
 */
export function publishFailing(ports: WebhookPorts, health: WebhookHealth, hook: Webhook): Promise<boolean> {
  const { since, failures, lastFailure } = health;
  ports.log.warn({ webhook: health.name, failures, lastFailure }, 'a receiver keeps failing, so its deliveries wait');
  return publish(
    ports,
    envelope('Longshore.WebhookFailing', envelopeParts(ports, health, 'failing'), {
      ...content(ports, health, hook, 'failing'),
      since,
      failures: Math.max(1, failures),
      lastFailure,
    }),
  );
}

/**
 * Publishes that a receiver works again. Published again after a crash, the event has the same id. Returns `false` when
 * the topic is down.
 */
export function publishRecovered(ports: WebhookPorts, health: WebhookHealth, hook: Webhook): Promise<boolean> {
  ports.log.info(
    { webhook: health.name, since: health.since },
    'a receiver works again, so the deliveries that waited are sent',
  );
  return publish(
    ports,
    envelope('Longshore.WebhookRecovered', envelopeParts(ports, health, 'recovered'), {
      ...content(ports, health, hook, 'recovered'),
      since: health.since,
    }),
  );
}

function content(ports: WebhookPorts, health: WebhookHealth, hook: Webhook, what: string) {
  return {
    id: idOf(health, what),
    timestamp: ports.clock.now().toISOString(),
    target: { webhook: health.name, host: hostOf(hook) },
  };
}

function envelopeParts({ clock, eventSource }: WebhookPorts, health: WebhookHealth, what: string) {
  return { id: idOf(health, what), time: clock.now().toISOString(), source: eventSource, subject: health.name };
}

function idOf({ registry, name, uid, since }: WebhookHealth, what: string): string {
  return stableId(what, registry, name, uid, since);
}

async function publish({ topic, log }: WebhookPorts, event: CloudEvent): Promise<boolean> {
  try {
    await topic.publishEvents([event]);
    return true;
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    log.warn({ err: error, type: event.type }, 'an event about a webhook is published later');
    return false;
  }
}
