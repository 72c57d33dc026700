import { ORIGIN } from './handshake.ts';
import type { PendingDelivery } from './state-file.ts';
import type { Subscription } from './subscription.ts';

/** Returns the URL of a subscription's events; undefined while the functions' address is not known. */
export function deliveryUrl(
  { destination }: Subscription,
  functionsBaseUrl: string | undefined,
  functionsKey?: string,
): string | undefined {
  if (destination.type === 'WebHook') return destination.url;
  if (functionsBaseUrl === undefined) return undefined;
  // The path under which the Functions host receives for every function with an Event Grid trigger.
  const code = functionsKey === undefined ? '' : `&code=${encodeURIComponent(functionsKey)}`;
  const query = `functionName=${encodeURIComponent(destination.function)}${code}`;
  return `${functionsBaseUrl.replace(/\/$/, '')}/runtime/webhooks/EventGrid?${query}`;
}

/**
 * The headers of one attempt. The count is of earlier attempts; for CloudEvents the metadata version is the
 * specversion.
 */
export function deliveryHeaders(subscription: Subscription, delivery: PendingDelivery): Record<string, string> {
  return {
    'content-type': 'application/cloudevents+json; charset=utf-8',
    'aeg-event-type': 'Notification',
    'aeg-subscription-name': subscription.name.toUpperCase(),
    'aeg-delivery-count': String(delivery.attempts),
    'aeg-metadata-version': '1.0',
    // "HTTP 1.1 Web Hooks for Event Delivery" 4.1: every delivery names the origin that was agreed upon.
    ...(subscription.destination.type === 'WebHook' && { 'webhook-request-origin': ORIGIN }),
  };
}
