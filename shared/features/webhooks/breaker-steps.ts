import pLimit from 'p-limit';
import { firstPage } from '../../core/documents/pages.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { parseStored, readStored } from '../../core/documents/stored.ts';
import { hostOf, makeAttempt } from './attempt.ts';
import { markHook, waitsFor } from './breaker.ts';
import { tellOfFailing, tellOfRecovered } from './breaker-events.ts';
import { ended, whyNotFor } from './delivery.ts';
import { changeDelivery } from './delivery-store.ts';
import type { Delivery, Webhook } from './documents.ts';
import { deliverySchema, webhookKey } from './documents.ts';
import type { WebhookHealth } from './health.ts';
import { closed, healthRef, healthSchema, opened } from './health.ts';
import { readHook } from './hooks.ts';
import type { BreakerMessage } from './messages.ts';
import type { PipelinePorts } from './ports.ts';
import { waitMs } from './schedule.ts';
import { settle } from './settle.ts';
import { takeStep } from './steps.ts';

/**
 * What waited goes out so many at once, and so many in a step, a second apart: a receiver that has just come back is
 * not felled by it.
 */
const [drainedAtOnce, drainedInStep, pauseMs] = [8, 100, 1_000];
/** When a probe finds no place at its host, or the topic is down. */
const soonMs = 5_000;

/**
 * Takes the step of an open or draining breaker that a message asks for. Throws `StoreFailure`: then the message comes
 * again.
 */
export async function runBreaker(ports: PipelinePorts, message: BreakerMessage): Promise<void> {
  const ref = healthRef(ports.registry, message.name);
  const stored = await readStored(ports.documents, healthSchema, ref);
  if (stored?.document.uid !== message.uid || stored.document.state === 'counting') return;
  await takeStep(ports, ref, stored, message, (health) => breakerStep(ports, health));
}

/**
 * One step of a breaker. It first does what its state asks for (mark the hook, tell of it): each is done again after a
 * crash and the same then. `undefined` when the breaker has done its work, and nothing is known of the hook's health
 * any more.
 */
async function breakerStep(ports: PipelinePorts, before: WebhookHealth): Promise<WebhookHealth | undefined> {
  const hook = await readHook(ports.documents, ports.registry, before.name);
  if (!before.marked) await markHook(ports, before);
  const health = await told(ports, { ...before, marked: true }, hook);
  if (health.state === 'open')
    return before.marked ? probe(ports, health, hook) : { ...health, at: afterMs(ports, nextProbeMs(health, hook)) };
  return drain(ports, health, hook);
}

/** Deliveries do not wait for the topic: what cannot be told now is told with a later step. */
async function told(ports: PipelinePorts, health: WebhookHealth, hook: Webhook | undefined): Promise<WebhookHealth> {
  if (health.told || hook?.uid !== health.uid) return { ...health, told: true };
  return {
    ...health,
    told: await (health.state === 'open' ? tellOfFailing(ports, health, hook) : tellOfRecovered(ports, health, hook)),
  };
}

/** One delivery, the oldest, tries whether the receiver works. */
async function probe(ports: PipelinePorts, health: WebhookHealth, hook: Webhook | undefined): Promise<WebhookHealth> {
  const now = ports.clock.now();
  // Gone, disabled, or mended by its owner: what waits ends, or goes out.
  if (hook?.uid !== health.uid || whyNotFor(health, hook) !== undefined || hook.brokenSince === undefined)
    return closed(health, now, 'quietly');
  const [oldest] = await heldBack(ports, health, 1, now);
  // What failed before the breaker opened is held back when its message comes. With nothing left the next event will
  // show.
  if (oldest === undefined)
    return (await waitsFor(ports, hook, 1)) ? later(ports, health, hook) : closed(health, now, 'quietly');
  const attempt = await ports.hosts.later.within(hostOf(hook), () =>
    makeAttempt(ports, hook, oldest.document, 'probe'),
  );
  if (attempt === undefined) return { ...health, at: afterMs(ports, soonMs) };
  const after = await settle(ports, hook, oldest.document, attempt, oldest);
  if (after?.status === 'delivered') return closed(health, ports.clock.now());
  return later(ports, health, hook);
}

function later(ports: PipelinePorts, { probes, ...health }: WebhookHealth, hook: Webhook): WebhookHealth {
  const next = { ...health, probes: probes + 1 };
  return { ...next, at: afterMs(ports, nextProbeMs(next, hook)) };
}

function nextProbeMs({ uid, probes, since }: WebhookHealth, hook: Webhook | undefined): number {
  return waitMs(hook ?? {}, probes + 1, `${uid}/${since}/${probes}`);
}

/** Brings what waited, in order of age. When the receiver fails again and again meanwhile, the breaker opens anew. */
async function drain(
  ports: PipelinePorts,
  health: WebhookHealth,
  hook: Webhook | undefined,
): Promise<WebhookHealth | undefined> {
  const held = await heldBack(ports, health, drainedInStep);
  if (held.length === 0) return health.told ? undefined : { ...health, at: afterMs(ports, soonMs) };
  let failed = 0;
  const limit = pLimit(drainedAtOnce);
  const one = async (delivery: Stored<Delivery>) => {
    if (failed >= drainedAtOnce) return;
    failed = (await release(ports, delivery, hook)) === 'failed' ? failed + 1 : 0;
  };
  await Promise.all(held.map((delivery) => limit(() => one(delivery))));
  const now = ports.clock.now();
  return failed >= drainedAtOnce ? opened(health, now) : { ...health, at: afterMs(ports, pauseMs) };
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
        ? ended(delivery, 'expired', `its time was over at ${delivery.deadline}`, now)
        : ended(delivery, 'cancelled', whyNot, now);
    await changeDelivery(ports.documents, held, (delivery) => (delivery.heldBack === true ? end(delivery) : undefined));
    return 'done';
  }
  const attempt = await makeAttempt(ports, hook, held.document, held.document.attempted === 0 ? 'event' : 'retry');
  const after = await settle(ports, hook, held.document, attempt, held);
  return after?.status === 'delivered' ? 'done' : 'failed';
}

/**
 * The oldest first; with `aliveAt`, those alone that are not over. Fewer than `limit` may be not all; none are none.
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
