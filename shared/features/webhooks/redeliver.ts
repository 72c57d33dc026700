import type { Stored } from '../../core/documents/stored.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { hostOf, makeAttempt } from './attempt.ts';
import { begunAnew, newDelivery, whyNotFor } from './delivery.ts';
import { deliveryRef } from './delivery-id.ts';
import { changeDelivery, readStoredDelivery } from './delivery-store.ts';
import type { Delivery, Webhook } from './documents.ts';
import { pingType } from './documents.ts';
import { keepEvent } from './event-store.ts';
import { requireHook } from './hooks.ts';
import { sendAt } from './messages.ts';
import type { PipelinePorts } from './ports.ts';
import { recordAttempt } from './record-attempt.ts';

/**
 * Sends a delivery once more, whatever its outcome was, and tries it by the schedule again when that fails; also while
 * the breaker is open. It keeps its `webhook-id`. Throws `RegistryError` (`thing-unknown`; `conflict` for a webhook
 * that is disabled or another by now) and `StoreFailure`.
 */
export async function redeliver(ports: PipelinePorts, name: string, deliveryId: string): Promise<Delivery> {
  const hook = await requireHook(ports.documents, ports.registry, name);
  const ref = deliveryRef(ports.registry, name, deliveryId);
  const known = ref === undefined ? undefined : await readStoredDelivery(ports.documents, ref);
  if (known === undefined) throw unknown(name, deliveryId);
  const whyNot = whyNotFor(known.document, hook);
  if (whyNot !== undefined)
    throw new RegistryError({
      is: 'conflict',
      code: 'deliveryNotSendable',
      why: `the delivery ${deliveryId} cannot be sent: ${whyNot}`,
    });
  const begun = await beginAnew(ports, hook, known, ports.clock.now(), () => true);
  if (begun === undefined) throw unknown(name, deliveryId);
  return begun;
}

/**
 * Writes that a delivery is due at `at`, and sends its message. Returns `undefined` when it has left the log, or is not
 * `wanted` as it is now. Throws `StoreFailure`.
 */
export async function beginAnew(
  ports: PipelinePorts,
  hook: Webhook,
  known: Stored<Delivery>,
  at: Date,
  wanted: (delivery: Delivery) => boolean,
): Promise<Delivery | undefined> {
  const now = ports.clock.now();
  // This comes first, so that the event stays for as long as the delivery does.
  await keepEvent(ports.documents, known.document);
  const begun = await changeDelivery(ports.documents, known, (delivery) =>
    wanted(delivery) ? begunAnew(delivery, hook, at, now) : undefined,
  );
  if (begun === undefined) return undefined;
  const { deliveryId, attempted } = begun.document;
  await sendAt(
    ports.queues,
    { do: 'attempt', name: hook.name, deliveryId, number: attempted + 1, asked: true },
    at,
    now,
  );
  return begun.document;
}

/**
 * Posts an event without a change behind it, once and now, also to a disabled webhook: the caller wants to see whether
 * its receiver works. It is in the log as any other. Throws `RegistryError` (`thing-unknown`; `too-many-requests` when
 * the host has no place) and `StoreFailure`.
 */
export async function ping(ports: PipelinePorts, name: string): Promise<Delivery> {
  const hook = await requireHook(ports.documents, ports.registry, name);
  const id = ports.ids.nextId();
  const now = ports.clock.now();
  const timestamp = now.toISOString();
  const event: NonNullable<Delivery['event']> = {
    specversion: '1.0',
    id,
    source: ports.eventSource,
    type: pingType,
    subject: name,
    time: timestamp,
    datacontenttype: 'application/json',
    data: { id, timestamp, action: 'ping' },
  };
  const delivery = newDelivery(hook, event, now);
  const attempt = await ports.hosts.first.within(hostOf(hook), () => makeAttempt(ports, hook, delivery, 'ping'));
  if (attempt === undefined)
    throw new RegistryError({
      is: 'too-many-requests',
      why: `too many requests to ${hostOf(hook)} are under way`,
      retryAfterMs: 5_000,
    });
  return (await recordAttempt(ports, hook, delivery, attempt)) ?? delivery;
}

function unknown(name: string, deliveryId: string): RegistryError {
  return new RegistryError({
    is: 'thing-unknown',
    code: 'deliveryNotFound',
    what: `delivery "${deliveryId}" of the webhook "${name}"`,
  });
}
