import pLimit from 'p-limit';
import { z } from 'zod';
import { inTurn } from '../../core/documents/alone.ts';
import { patching } from '../../core/documents/changes.ts';
import type { Duty } from '../../core/documents/due.ts';
import { dueBy, duty } from '../../core/documents/due.ts';
import { isHeld } from '../../core/documents/lease.ts';
import { pagesOf } from '../../core/documents/pages.ts';
import type { Stored } from '../../core/documents/stored.ts';
import type { DocumentQuery } from '../../core/ports/documents.ts';
import { ended } from './delivery.ts';
import { changeDelivery, refOf } from './delivery-store.ts';
import { dispatchAgain } from './dispatch.ts';
import type { Delivery } from './documents.ts';
import { deliverySchema } from './documents.ts';
import type { WebhookHealth } from './health.ts';
import { healthSchema } from './health.ts';
import type { Marker } from './marker.ts';
import { markerSchema, takeUp, underWayMs } from './marker.ts';
import { sendAt } from './messages.ts';
import type { PipelinePorts } from './ports.ts';
import { sendNext } from './record-attempt.ts';
import type { Redelivery } from './redeliver-since.ts';
import { redeliverySchema } from './redeliver-since.ts';
import { tooLateMs } from './retry.ts';

/** A delivery or step that has been due for so many milliseconds has no message: it was lost, or is poison. */
const overdueMs = 90_000;
/** A held-back delivery ends so many milliseconds after its deadline. One with an attempt due ends with that. */
const graceMs = 60_000;
/** The number of each kind in one run. */
const most = 2_000;
const [pageSize, atOnce] = [100, 8];

/** The work that a run found and resumed. */
export interface Swept {
  readonly dispatched: number;
  readonly resent: number;
  readonly expired: number;
}

/**
 * Resumes what crashes, outages and lost messages left: events that were not dispatched to their end, and deliveries
 * and steps that are overdue; it also ends deliveries that nobody ended in their time. If a message was only late there
 * are two then, which does no harm. Throws `StoreFailure`.
 */
export async function sweepWebhooks(ports: PipelinePorts): Promise<Swept> {
  const done = { dispatches: 0, deadlines: 0, attempts: 0, steps: 0 };
  const parts = leftOvers(ports.clock.now(), ports);
  await inTurn(
    ports.log,
    'webhooks-sweep',
    parts.map(({ name, query, duty: { container, perform } }) => [
      name,
      async () => {
        done[name] = await each(ports, { container, ...query }, perform);
      },
    ]),
  );
  return { dispatched: done.dispatches, expired: done.deadlines, resent: done.attempts + done.steps };
}

interface LeftOver {
  readonly name: 'dispatches' | 'deadlines' | 'attempts' | 'steps';
  readonly query: Pick<DocumentQuery, 'partition' | 'where'>;
  readonly duty: Duty<PipelinePorts, boolean>;
}

/** Lists the kinds in this order, so that a delivery that is over is not sent again. */
function leftOvers(now: Date, { registry }: PipelinePorts): LeftOver[] {
  const before = (ms: number) => new Date(now.getTime() - ms);
  const open = { path: 'state', is: '=', value: 'open' } as const;
  const waiting = { path: 'status', is: '=', value: 'waiting' } as const;
  const ours = { path: 'registry', is: '=', value: registry } as const;
  // A marker lies in the partition of its registry.
  const dispatchedHere = { path: 'webhook', is: '=', value: registry } as const;
  const takenBefore = { path: 'takenAt', is: '<=', value: before(underWayMs).toISOString() } as const;
  const overSince = { path: 'deadline', is: '<', value: before(graceMs).toISOString() } as const;
  const overdue = dueBy(before(overdueMs));
  const steps = { path: 'type', is: 'in', values: ['webhook-health', 'webhook-redelivery'] } as const;
  return [
    {
      name: 'dispatches',
      query: { where: [typeIs('webhook-dispatch'), dispatchedHere, open, takenBefore] },
      duty: duty('deliveries', markerSchema, dispatchLeft),
    },
    {
      name: 'deadlines',
      query: { where: [typeIs('delivery'), ours, waiting, overSince] },
      duty: duty('deliveries', deliverySchema, expire),
    },
    {
      name: 'attempts',
      query: { where: [typeIs('delivery'), ours, waiting, overdue] },
      duty: duty('deliveries', deliverySchema, resendAttempt),
    },
    {
      name: 'steps',
      query: { partition: [registry], where: [steps, overdue] },
      duty: duty('registries', steppedSchema, resendStep),
    },
  ];
}

function typeIs(type: string) {
  return { path: 'type', is: '=', value: type } as const;
}

/**
 * Calls `perform` for all that is found, and counts those for which it did something. One that cannot be handled is
 * logged and stops no other.
 */
async function each(
  ports: PipelinePorts,
  query: Omit<DocumentQuery, 'limit'>,
  perform: Duty<PipelinePorts, boolean>['perform'],
): Promise<number> {
  let [seen, done] = [0, 0];
  const limit = pLimit(atOnce);
  for await (const page of pagesOf(ports.documents, { ...query, limit: pageSize })) {
    const outcomes = await Promise.allSettled(page.map((found) => limit(() => perform(ports, found))));
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        ports.log.error({ err: outcome.reason as Error }, 'the sweep of webhooks could not do a part of its work');
    done += outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value).length;
    seen += page.length;
    if (seen >= most) break;
  }
  return done;
}

async function dispatchLeft(ports: PipelinePorts, marker: Stored<Marker>): Promise<boolean> {
  if (!(await takeUp(ports, marker))) return false;
  await dispatchAgain(ports, marker.document.event);
  return true;
}

async function expire({ documents, clock }: PipelinePorts, stored: Stored<Delivery>): Promise<boolean> {
  const now = clock.now();
  const changed = await changeDelivery(documents, stored, (delivery) => {
    const isOver =
      delivery.status === 'waiting' &&
      now.getTime() > Date.parse(delivery.deadline) + (delivery.heldBack === true ? graceMs : tooLateMs);
    return isOver ? ended(delivery, 'expired', `it expired at ${delivery.deadline}`, now) : undefined;
  });
  return changed !== undefined;
}

/** Sends the message again. The delivery is due now, so that it is not found again before it is overdue again. */
async function resendAttempt(ports: PipelinePorts, stored: Stored<Delivery>): Promise<boolean> {
  const { document } = stored;
  const now = ports.clock.now();
  if (isHeld(document.claim?.until, now)) return false;
  const { container, partition } = refOf(document);
  const due = { dueAt: now.toISOString() };
  const outcome = await ports.documents.commitDocuments(container, partition, [patching(stored, due)]);
  if (outcome.committed) await sendNext(ports, { ...document, ...due });
  return outcome.committed;
}

const steppedSchema = z.discriminatedUnion('type', [healthSchema, redeliverySchema]);

async function resendStep(ports: PipelinePorts, stored: Stored<WebhookHealth | Redelivery>): Promise<boolean> {
  const { document } = stored;
  const now = ports.clock.now();
  if (isHeld(document.claimedUntil, now)) return false;
  const outcome = await ports.documents.commitDocuments(
    'registries',
    [ports.registry],
    [patching(stored, { dueAt: now.toISOString() })],
  );
  if (!outcome.committed) return false;
  const { name, seq } = document;
  await sendAt(
    ports.queues,
    document.type === 'webhook-health'
      ? { do: 'breaker', name, uid: document.uid, seq }
      : { do: 'redeliver', name, job: document.job, seq },
    now,
    now,
  );
  return true;
}
