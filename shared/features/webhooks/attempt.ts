import { defined } from '../../core/documents/defined.ts';
import { parseRetryAfter } from '../../core/outbound/retry-after.ts';
import { shownUrl, withoutSecretsOf } from '../../core/outbound/shown-url.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { Attempt, Delivery, Failure, Webhook } from './documents.ts';
import { eventOf } from './event-store.ts';
import type { WebhookPorts } from './ports.ts';
import { requestOf } from './request.ts';
import { WebhookUnsealable } from './secrets.ts';

/** The meaning of an attempt for its delivery. 2xx alone is success; redirects are not followed, so they are none. */
export type Verdict =
  | { readonly is: 'delivered' }
  /** The receiver answered 410: it wants no more, ever. */
  | { readonly is: 'gone' }
  | { readonly is: 'failed'; readonly failure: Failure; readonly retryAfterMs?: number };

/** The statuses of 4xx that say "later". */
const laterStatuses: readonly number[] = [408, 425, 429];

/**
 * Makes one request of a receiver. A reason that keeps it from being made is an outcome too: the log shows it, and the
 * schedule tries again. Throws `StoreFailure` when the event cannot be read.
 */
export async function makeAttempt(
  ports: WebhookPorts,
  hook: Webhook,
  delivery: Delivery,
  cause: Attempt['cause'],
): Promise<Attempt> {
  const at = ports.clock.now().toISOString();
  const { deliveryId, attempted } = delivery;
  const event = await eventOf(ports.documents, delivery);
  const signed =
    event === undefined ? 'the event was deleted from the log' : await signedOrWhyNot(ports, hook, deliveryId, event);
  const [headers, answer] =
    typeof signed === 'string'
      ? [{}, { is: 'refused', why: signed, ms: 0 } as const]
      : [signed.maskedHeaders, await ports.receivers.post(signed.request)];
  const { ms, ...outcome } = answer;
  const secrets = { url: hook.serviceUri, credentials: typeof signed === 'string' ? [] : signed.credentials };
  return {
    at,
    ms,
    number: attempted + 1,
    cause,
    request: { url: shownUrl(hook.serviceUri), headers },
    outcome: withoutSecrets(outcome, secrets),
  };
}

async function signedOrWhyNot(
  ports: WebhookPorts,
  hook: Webhook,
  deliveryId: string,
  event: NonNullable<Delivery['event']>,
) {
  try {
    return await requestOf(ports, hook, deliveryId, event);
  } catch (error) {
    if (error instanceof WebhookUnsealable) return error.message;
    if (error instanceof StoreFailure)
      return "the key that decrypts the webhook's secrets cannot be read at the moment";
    throw error;
  }
}

/** Judges an attempt; `now` is when the answer was there. */
export function verdictOf({ outcome }: Attempt, now: Date): Verdict {
  if (outcome.is !== 'answered') return { is: 'failed', failure: outcome.is };
  const { status, headers } = outcome;
  if (status >= 200 && status < 300) return { is: 'delivered' };
  if (status === 410) return { is: 'gone' };
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now);
  const failure = status >= 400 && status < 500 && !laterStatuses.includes(status) ? 'rejected' : 'failing';
  return { is: 'failed', failure, ...defined({ retryAfterMs }) };
}

function withoutSecrets(
  outcome: Attempt['outcome'],
  secrets: Parameters<typeof withoutSecretsOf>[1],
): Attempt['outcome'] {
  const clean = (text: string) => withoutSecretsOf(text, secrets);
  if (outcome.is !== 'answered') return { ...outcome, why: clean(outcome.why) };
  return {
    ...outcome,
    reason: clean(outcome.reason),
    headers: Object.fromEntries(Object.entries(outcome.headers).map(([name, value]) => [name, clean(value)])),
    body: clean(outcome.body),
  };
}

/** Words the outcome for people. */
export function inWords({ outcome }: Attempt): string {
  return outcome.is === 'answered' ? `it answered ${outcome.status}` : outcome.why;
}

export function hostOf(hook: Pick<Webhook, 'serviceUri'>): string {
  return new URL(hook.serviceUri).host;
}
