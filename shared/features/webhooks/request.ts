import { hidden } from '../../core/outbound/shown-url.ts';
import type { OutboundRequest } from '../../core/ports/post.ts';
import { signatureHeaders } from '../../core/secrets/standard-webhooks.ts';
import { renderBody } from './body.ts';
import type { Webhook } from './documents.ts';
import type { WebhookPorts } from './ports.ts';
import type { HookEvent } from './scope.ts';
import { openHeaders, openSecrets } from './secrets.ts';

/** This mask stands for the value of a custom header wherever one is shown, as in ACR's lists. */
export { hidden as mask };

export interface SignedRequest {
  readonly request: OutboundRequest;
  /** The same headers for the log: values that the hook's owner gave are masked. */
  readonly maskedHeaders: Readonly<Record<string, string>>;
  /** The values that the webhook's owner gave: an answer may repeat them. */
  readonly credentials: readonly string[];
}

/**
 * Makes the request of one attempt, signed for now with every live secret. A custom header replaces one of the same
 * name, but for the signature's. Throws `StoreFailure` when the keys cannot be read, `WebhookUnsealable` when they do
 * not open the webhook's secrets.
 */
export async function requestOf(
  ports: Pick<WebhookPorts, 'sealing' | 'clock'>,
  hook: Webhook,
  deliveryId: string,
  event: HookEvent,
): Promise<SignedRequest> {
  const at = ports.clock.now();
  const [custom, secrets] = await Promise.all([openHeaders(ports, hook), openSecrets(ports, hook, at)]);
  const { contentType, body } = renderBody(hook.format, event);
  const usual = { 'content-type': contentType, 'user-agent': 'longshore' };
  const signature = signatureHeaders({ id: deliveryId, at, body }, secrets);
  const masked = Object.fromEntries(
    Object.entries(custom).map(([name, value]) => [name, name === 'content-type' ? value : hidden]),
  );
  return {
    request: {
      dependency: 'receiver',
      url: new URL(hook.serviceUri),
      headers: { ...usual, ...custom, ...signature },
      body,
    },
    maskedHeaders: { ...usual, ...masked, ...signature },
    credentials: Object.entries(custom).flatMap(([name, value]) => (name === 'content-type' ? [] : [value])),
  };
}
