import { randomUUID } from 'node:crypto';
import type { PendingDelivery } from './state-file.ts';

/** A dead letter: `name` is the blob's, `body` its JSON text. Its sink rejects when it could not be written. */
export interface DeadLetter {
  readonly container: string;
  readonly name: string;
  readonly body: string;
}
export type DeadLetterSink = (letter: DeadLetter) => Promise<void>;

/**
 * The blob that Azure writes for an event it gave up on. The path is `SUBSCRIPTION/Y/M/D/H/guid.json`, the name in
 * upper case and the UTC numbers without padding; the body is an array, and for CloudEvents the facts are extra
 * attributes in lower case.
 */
export function deadLetter(
  subscription: string,
  container: string,
  delivery: PendingDelivery,
  now: number,
): DeadLetter {
  const at = new Date(now);
  const hour = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours()].join('/');
  const letter = {
    ...(JSON.parse(delivery.json) as Record<string, unknown>),
    deadletterreason: delivery.givenUp,
    deliveryattempts: delivery.attempts,
    ...(delivery.lastOutcome !== null && { lastdeliveryoutcome: delivery.lastOutcome }),
    ...(delivery.lastStatus !== null && { lasthttpstatuscode: delivery.lastStatus }),
    publishtime: new Date(delivery.published).toISOString(),
    ...(delivery.lastAttempt !== null && { lastdeliveryattempttime: new Date(delivery.lastAttempt).toISOString() }),
  };
  return {
    container,
    name: `${subscription.toUpperCase()}/${hour}/${randomUUID()}.json`,
    body: JSON.stringify([letter]),
  };
}
