import pLimit from 'p-limit';
import { firstPage } from '../../core/documents/pages.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { parseStored, readStored } from '../../core/documents/stored.ts';
import { hostOf, makeAttempt } from './attempt.ts';
import { markHook, waitsFor } from './breaker.ts';
import { publishFailing, publishRecovered } from './breaker-events.ts';
import { ended, whyNotFor } from './delivery.ts';
import { changeDelivery } from './delivery-store.ts';
import type { Delivery, Webhook } from './documents.ts';
import { deliverySchema, webhookKey } from './documents.ts';
import type { WebhookHealth } from './health.ts';
import { closed, healthRef, healthSchema, opened } from './health.ts';
import { readHook } from './hooks.ts';
import type { BreakerMessage } from './messages.ts';
import type { PipelinePorts } from './ports.ts';
import { recordAttempt } from './record-attempt.ts';
import { waitMs } from './schedule.ts';
import { takeStep } from './steps.ts';

/**
 * Held-back deliveries are sent so many at once, and so many in a step, a second apart: they must not bring down a
 * receiver that has just recovered.
 */
const [drainedAtOnce, drainedInStep, pauseMs] = [8, 100, 1_000];
/** The milliseconds until the next step when a probe finds no place at its host, or the topic is down. */
const soonMs = 5_000;

/**
 * Makes the step of an open or draining breaker that a message asks for. Throws `StoreFailure`: then the message is
 * delivered again.
 */
export async function runBreaker(ports: PipelinePorts, message: BreakerMessage): Promise<void> {
  const ref = healthRef(ports.registry, message.name);
  const stored = await readStored(ports.documents, healthSchema, ref);
  if (stored?.document.uid !== message.uid || stored.document.state === 'counting') return;
  await takeStep(ports, ref, stored, message, (health) => breakerStep(ports, health));
}

/**
 * Makes one step of a breaker. It first does what its state requires (mark the webhook, publish the event): each is
 * repeated after a crash with the same result. Returns `undefined` when the breaker has done its work, and the
 * webhook's health is forgotten.
 */
async function breakerStep(ports: PipelinePorts, before: WebhookHealth): Promise<WebhookHealth | undefined> {
  const hook = await readHook(ports.documents, ports.registry, before.name);
  if (!before.marked) await markHook(ports, before);
  const health = await publishState(ports, { ...before, marked: true }, hook);
  if (health.state === 'open')
    return before.marked ? probe(ports, health, hook) : { ...health, dueAt: afterMs(ports, nextProbeMs(health, hook)) };
  return drain(ports, health, hook);
}

/**
 * Publishes the event of the state. Deliveries do not wait for the topic: an event that cannot be published now is
 * published with a later step.
 */
async function publishState(
  ports: PipelinePorts,
  health: WebhookHealth,
  hook: Webhook | undefined,
): Promise<WebhookHealth> {
  if (health.told || hook?.uid !== health.uid) return { ...health, told: true };
  return {
    ...health,
    told: await (health.state === 'open' ? publishFailing(ports, health, hook) : publishRecovered(ports, health, hook)),
  };
}

/** Probes the receiver with one delivery, the oldest. */
async function probe(ports: PipelinePorts, health: WebhookHealth, hook: Webhook | undefined): Promise<WebhookHealth> {
  const now = ports.clock.now();
  // The webhook is deleted, disabled, or was corrected by its owner: held-back deliveries end, or are sent.
  if (hook?.uid !== health.uid || whyNotFor(health, hook) !== undefined || hook.brokenSince === undefined)
    return closed(health, now, 'quietly');
  const [oldest] = await heldBack(ports, health, 1, now);
  // A delivery that failed before the breaker opened is held back when its message arrives. If none is left, the next
  // event will show whether the receiver works.
  if (oldest === undefined)
    return (await waitsFor(ports, hook, 1)) ? probeLater(ports, health, hook) : closed(health, now, 'quietly');
  const attempt = await ports.hosts.later.within(hostOf(hook), () =>
    makeAttempt(ports, hook, oldest.document, 'probe'),
  );
  if (attempt === undefined) return { ...health, dueAt: afterMs(ports, soonMs) };
  const after = await recordAttempt(ports, hook, oldest.document, attempt, oldest);
  if (after?.status === 'delivered') return closed(health, ports.clock.now());
  return probeLater(ports, health, hook);
}

function probeLater(ports: PipelinePorts, { probes, ...health }: WebhookHealth, hook: Webhook): WebhookHealth {
  const next = { ...health, probes: probes + 1 };
  return { ...next, dueAt: afterMs(ports, nextProbeMs(next, hook)) };
}

function nextProbeMs({ uid, probes, since }: WebhookHealth, hook: Webhook | undefined): number {
  return waitMs(hook ?? {}, probes + 1, `${uid}/${since}/${probes}`);
}

/**
 * Sends held-back deliveries, in order of age. When the receiver fails again and again meanwhile, the breaker opens
 * again.
 */
async function drain(
  ports: PipelinePorts,
  health: WebhookHealth,
  hook: Webhook | undefined,
): Promise<WebhookHealth | undefined> {
  const held = await heldBack(ports, health, drainedInStep);
  if (held.length === 0) return health.told ? undefined : { ...health, dueAt: afterMs(ports, soonMs) };
  let failed = 0;
  const limit = pLimit(drainedAtOnce);
  const one = async (delivery: Stored<Delivery>) => {
    if (failed >= drainedAtOnce) return;
    failed = (await release(ports, delivery, hook)) === 'failed' ? failed + 1 : 0;
  };
  await Promise.all(held.map((delivery) => limit(() => one(delivery))));
  const now = ports.clock.now();
  return failed >= drainedAtOnce ? opened(health, now) : { ...health, dueAt: afterMs(ports, pauseMs) };
}

async function release(
  ports: PipelinePorts,
  held: Stored<Delivery>,
  hook: Webhook | undefined,
): Promise<'failed' | 'done'> {
  const now = ports.clock.now();
  const whyNot = whyNotFor(held.document, hook);
  if (hook === undefined || whyNot !== undefined || new Date(held.document.deadline) < now) {
    const end = (delivery: Delivery) =>
      whyNot === undefined
        ? ended(delivery, 'expired', `it expired at ${delivery.deadline}`, now)
        : ended(delivery, 'cancelled', whyNot, now);
    await changeDelivery(ports.documents, held, (delivery) => (delivery.heldBack === true ? end(delivery) : undefined));
    return 'done';
  }
  const attempt = await makeAttempt(ports, hook, held.document, held.document.attempted === 0 ? 'event' : 'retry');
  const after = await recordAttempt(ports, hook, held.document, attempt, held);
  return after?.status === 'delivered' ? 'done' : 'failed';
}

/**
 * Reads the oldest held-back deliveries; with `aliveAt`, only those before their deadline. Fewer than `limit` may be
 * not all; an empty answer means that there are none.
 */
async function heldBack(
  { documents }: PipelinePorts,
  { registry, name }: WebhookHealth,
  limit: number,
  aliveAt?: Date,
): Promise<Stored<Delivery>[]> {
  const alive = aliveAt === undefined ? [] : [{ path: 'deadline', is: '>', value: aliveAt.toISOString() } as const];
  const page = await firstPage(documents, {
    container: 'deliveries',
    partition: [webhookKey(registry, name)],
    where: [{ path: 'heldBack', is: '=', value: true }, ...alive],
    orderBy: { path: 'createdAt', direction: 'asc' },
    limit,
  });
  return page.map((found) => parseStored(deliverySchema, found, { container: 'deliveries' }));
}

function afterMs({ clock }: PipelinePorts, ms: number): string {
  return new Date(clock.now().getTime() + ms).toISOString();
}
