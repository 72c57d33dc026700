import { createHmac } from 'node:crypto';

/**
 * The parts of a message that are signed:
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Signature scheme".
 */
export interface Signed {
  /** The value of `webhook-id`, the same for every attempt. */
  readonly id: string;
  readonly at: Date;
  readonly body: string;
}

/**
 * Makes the three headers of Standard Webhooks. There is one signature per secret, the newest first: a receiver accepts
 * the message if it knows any of them.
 */
export function signatureHeaders(
  { id, at, body }: Signed,
  secrets: readonly Uint8Array[],
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  // The time is this attempt's: receivers refuse what is older than five minutes.
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  );
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
