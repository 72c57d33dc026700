import { setImmediate } from 'node:timers/promises';
import { hostOf, makeAttempt } from './attempt.ts';
import { newDelivery, scheduled } from './delivery.ts';
import { createDelivery, readStoredDelivery, refOf } from './delivery-store.ts';
import type { Delivery, Webhook } from './documents.ts';
import { findHooks } from './find.ts';
import { markDone, noteUnheard, takeEvent } from './marker.ts';
import type { PipelinePorts } from './ports.ts';
import { beginHeldBack, recheck, recordAttempt, sendNext } from './record-attempt.ts';

type Event = NonNullable<Delivery['event']>;

/**
 * Signing and sending so many requests takes a millisecond or two; then this process serves others, a push among them.
 */
const begunAtOnce = 8;

/**
 * Dispatches an event to every webhook that is for it: posts to all at once, records the outcomes, and leaves failures
 * to the queue. Delivered again, the event does nothing more; after a crash the dispatch goes on where it was. Throws
 * `StoreFailure`: then the event must be delivered again.
 */
export async function dispatch(ports: PipelinePorts, event: Event): Promise<void> {
  const find = () => findHooks(ports.documents, ports.registry, event);
  // Likely nobody wants this one either: then it is noted as done in one write, and not taken up before.
  if (ports.unheard.has(event.type)) {
    const hooks = await find();
    if (hooks.length === 0) return noteUnheard(ports, event);
    return dispatchTaken(ports, event, hooks, await takeEvent(ports, event));
  }
  const [taken, hooks] = await Promise.all([takeEvent(ports, event), find()]);
  await dispatchTaken(ports, event, hooks, taken);
}

async function dispatchTaken(
  ports: PipelinePorts,
  event: Event,
  hooks: readonly Webhook[],
  taken: Awaited<ReturnType<typeof takeEvent>>,
): Promise<void> {
  if (hooks.length === 0) ports.unheard.add(event.type);
  else ports.unheard.delete(event.type);
  if (taken !== undefined) await deliverToAll(ports, event, hooks, taken);
}

/** Continues the dispatch of an event that another process has begun and not finished. Throws `StoreFailure`. */
export async function dispatchAgain(ports: PipelinePorts, event: Event): Promise<void> {
  await deliverToAll(ports, event, await findHooks(ports.documents, ports.registry, event), 'again');
}

async function deliverToAll(
  ports: PipelinePorts,
  event: Event,
  hooks: readonly Webhook[],
  taken: 'first' | 'again',
): Promise<void> {
  const receiving = hooks.filter((hook) => !isAbout(event, hook));
  const allBegun = Promise.withResolvers<undefined>();
  const begun: Promise<PromiseSettledResult<void>[]>[] = [];
  for (let at = 0; at < receiving.length; at += begunAtOnce) {
    if (at > 0) await setImmediate();
    // A delivery that cannot be written keeps no other webhook from the event.
    begun.push(
      Promise.allSettled(
        receiving
          .slice(at, at + begunAtOnce)
          .map((hook) =>
            taken === 'first'
              ? beginDelivery(ports, hook, event, allBegun.promise)
              : continueDelivery(ports, hook, event, allBegun.promise),
          ),
      ),
    );
  }
  allBegun.resolve(undefined);
  const failed = (await Promise.all(begun)).flat().find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason as Error;
  // The process that began it may have posted to webhooks that are gone by now.
  await markDone(ports, event, taken === 'again' || receiving.length > 0);
}

/**
 * Says whether an event is about this webhook. A receiver is not notified that it fails: that would be one more event
 * that it fails for.
 */
function isAbout({ type, data }: Event, { name }: Webhook): boolean {
  const { target } = data as { readonly target?: { readonly webhook?: unknown } };
  return type.startsWith('Longshore.Webhook') && target?.webhook === name;
}

/**
 * Begins a delivery. It waits for `othersBegun` before it records an outcome: recording costs more than sending the
 * next, and receivers wait for the sending alone.
 */
async function beginDelivery(
  ports: PipelinePorts,
  hook: Webhook,
  event: Event,
  othersBegun: Promise<unknown>,
): Promise<void> {
  if (hook.brokenSince !== undefined) return beginHeldBack(ports, hook, event);
  const now = ports.clock.now();
  const delivery = newDelivery(hook, event, now);
  const made = await ports.hosts.first.within(hostOf(hook), () => makeAttempt(ports, hook, delivery, 'event'));
  await othersBegun;
  if (made !== undefined) {
    await recordAttempt(ports, hook, delivery, made);
    return;
  }
  // The host is busy or hangs, and no other webhook's event shall wait for it.
  const created = await createDelivery(ports.documents, scheduled(delivery, now));
  if (created !== undefined) await sendNext(ports, created.document);
}

/** Continues a delivery. One that exists may have no message, if the crash came before it. */
async function continueDelivery(
  ports: PipelinePorts,
  hook: Webhook,
  event: Event,
  othersBegun: Promise<unknown>,
): Promise<void> {
  const known = await readStoredDelivery(ports.documents, refOf(newDelivery(hook, event, ports.clock.now())));
  if (known === undefined) return beginDelivery(ports, hook, event, othersBegun);
  if (known.document.status !== 'waiting') return;
  return known.document.heldBack === true ? recheck(ports, known) : sendNext(ports, known.document);
}
