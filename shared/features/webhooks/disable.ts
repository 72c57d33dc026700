import { stableId } from '../../core/documents/stable-id.ts';
import { envelope } from '../../core/events/envelope.ts';
import { hostOf } from './attempt.ts';
import type { Webhook } from './documents.ts';
import { changeHook } from './hooks.ts';
import type { WebhookPorts } from './ports.ts';

/**
 * Disables a webhook whose receiver answered 410 Gone, and publishes an event. The event comes first: a crash in
 * between repeats both, with the same event's id. Throws `StoreFailure`.
 */
export async function disableGone(ports: WebhookPorts, hook: Webhook): Promise<void> {
  const { registry, name, uid } = hook;
  const timestamp = ports.clock.now().toISOString();
  const because = 'the receiver answered 410 Gone';
  const id = stableId('disabled', registry, name, uid, hook.updatedAt);
  await ports.topic.publishEvents([
    envelope(
      'Longshore.WebhookDisabled',
      { id, time: timestamp, source: ports.eventSource, subject: name },
      { id, timestamp, target: { webhook: name, host: hostOf(hook) }, because },
    ),
  ]);
  await changeHook(ports.documents, { registry, name, uid }, (before) => {
    // Somebody has changed it since: perhaps to another receiver.
    if (before.status === 'disabled' || before.serviceUri !== hook.serviceUri) return before;
    const { brokenSince: _broken, ...kept } = before;
    return { ...kept, status: 'disabled', disabledBecause: because, updatedAt: timestamp };
  });
  ports.log.warn({ webhook: name }, 'a receiver answered 410 Gone, so its webhook is disabled');
}
