import { z } from 'zod';
import { registrySchema } from '../../core/documents/names.ts';
import type { WholeQuery } from '../../core/documents/pages.ts';
import { firstPage } from '../../core/documents/pages.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { documentShape, parseStored, readStored } from '../../core/documents/stored.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { DocumentRef } from '../../core/ports/documents.ts';
import { whyNotFor } from './delivery.ts';
import type { Delivery } from './documents.ts';
import { deliverySchema, pingType, webhookKey } from './documents.ts';
import { readHook, requireHook } from './hooks.ts';
import type { RedeliverMessage } from './messages.ts';
import { sendAt } from './messages.ts';
import type { PipelinePorts } from './ports.ts';
import { beginAnew } from './redeliver.ts';
import { takeStep } from './steps.ts';

/** So many deliveries are sent at a time, and so many milliseconds apart: 20 a second, spread evenly. */
const [inStep, pauseMs] = [100, 5_000];
/** A job that is done is kept for so many seconds. */
const keptFor = 7 * 24 * 3600;

/** A redelivery of all deliveries of a webhook that have failed since a time. */
export const redeliverySchema = z.object({
  ...documentShape('webhook-redelivery'),
  registry: registrySchema,
  name: z.string(),
  uid: z.string(),
  job: z.string(),
  since: z.iso.datetime({ offset: true }),
  /** The start: deliveries that fail after it are not sent again. */
  startedAt: z.iso.datetime(),
  state: z.enum(['running', 'done', 'stopped']),
  /** The reason why it is stopped. */
  because: z.string().optional(),
  /** The number of deliveries that are under way again. */
  redelivered: z.int().nonnegative(),
  seq: z.int().positive(),
  dueAt: z.iso.datetime().optional(),
  claimedUntil: z.iso.datetime().optional(),
  ttl: z.int(),
});
export type Redelivery = z.infer<typeof redeliverySchema>;

/**
 * Begins a redelivery. `since` is compared with the events' times. Throws `RegistryError` (`thing-unknown`; `conflict`
 * for a disabled webhook) and `StoreFailure`.
 */
export async function redeliverSince(ports: PipelinePorts, name: string, since: string): Promise<Redelivery> {
  const { registry, documents, queues, clock, ids } = ports;
  const hook = await requireHook(documents, registry, name);
  const whyNot = whyNotFor(hook, hook);
  if (whyNot !== undefined)
    throw new RegistryError({ is: 'conflict', code: 'nothingSendable', why: `no delivery can be sent: ${whyNot}` });
  const now = clock.now();
  const [job, startedAt] = [ids.nextId(), now.toISOString()];
  const { partition, id } = redeliveryRef(registry, name, job);
  const document: Redelivery = {
    id,
    type: 'webhook-redelivery',
    schemaVersion: 1,
    registry,
    name,
    uid: hook.uid,
    job,
    since,
    startedAt,
    state: 'running',
    redelivered: 0,
    seq: 1,
    dueAt: startedAt,
    ttl: keptFor,
  };
  await documents.commitDocuments('registries', partition, [{ do: 'create', document }]);
  await sendAt(queues, { do: 'redeliver', name, job, seq: 1 }, now, now);
  return document;
}

/** Returns the progress. Throws `RegistryError` (`thing-unknown`) and `StoreFailure`. */
export async function readRedelivery(
  { documents, registry }: PipelinePorts,
  name: string,
  job: string,
): Promise<Redelivery> {
  const stored = await readStored(documents, redeliverySchema, redeliveryRef(registry, name, job));
  if (stored === undefined)
    throw new RegistryError({
      is: 'thing-unknown',
      code: 'redeliveryNotFound',
      what: `redelivery "${job}" of the webhook "${name}"`,
    });
  return stored.document;
}

/** Makes the step that a message asks for. Throws `StoreFailure`: then the message is delivered again. */
export async function runRedelivery(ports: PipelinePorts, message: RedeliverMessage): Promise<void> {
  const ref = redeliveryRef(ports.registry, message.name, message.job);
  await takeStep(ports, ref, await readStored(ports.documents, redeliverySchema, ref), message, (job) =>
    redeliverSome(ports, job),
  );
}

async function redeliverSome(ports: PipelinePorts, job: Redelivery): Promise<Redelivery> {
  const hook = await readHook(ports.documents, ports.registry, job.name);
  const whyNot = whyNotFor(job, hook);
  if (hook === undefined || whyNot !== undefined)
    return { ...job, state: 'stopped', because: whyNot, dueAt: undefined };
  const found = await failedBefore(ports, job);
  if (found.length === 0) return { ...job, state: 'done', dueAt: undefined };
  const now = ports.clock.now().getTime();
  let redelivered = 0;
  for (const [index, delivery] of found.entries()) {
    const at = new Date(now + (index * pauseMs) / inStep);
    if (
      (await beginAnew(ports, hook, delivery, at, ({ endedAt }) => endedAt === delivery.document.endedAt)) !== undefined
    )
      redelivered += 1;
  }
  return { ...job, redelivered: job.redelivered + redelivered, dueAt: new Date(now + pauseMs).toISOString() };
}

/** Reads the failed deliveries that have not begun again: those that have, have no end, or a later one. */
async function failedBefore(
  { documents }: PipelinePorts,
  { registry, name, uid, since, startedAt }: Redelivery,
): Promise<Stored<Delivery>[]> {
  const failed: WholeQuery = {
    container: 'deliveries',
    partition: [webhookKey(registry, name)],
    where: [
      { path: 'status', is: 'in', values: ['expired', 'cancelled'] },
      { path: 'uid', is: '=', value: uid },
      { path: 'eventType', is: '!=', value: pingType },
      { path: 'endedAt', is: '<=', value: startedAt },
      { path: 'eventTime', is: '>=', value: since },
    ],
    orderBy: { path: 'eventTime', direction: 'asc' },
    limit: inStep,
  };
  return (await firstPage(documents, failed)).map((found) =>
    parseStored(deliverySchema, found, { container: 'deliveries' }),
  );
}

function redeliveryRef(registry: RegistryName, name: string, job: string): DocumentRef {
  return { container: 'registries', partition: [registry], id: `webhook-redelivery:${name}:${job}` };
}
