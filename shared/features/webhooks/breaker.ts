import { documentsOf, firstOf } from '../../core/documents/pages.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Predicate } from '../../core/ports/documents.ts';
import type { Webhook } from './documents.ts';
import { webhookKey } from './documents.ts';
import type { WebhookHealth } from './health.ts';
import { firstFailure, healthRef, healthSchema, opened } from './health.ts';
import { changeHook } from './hooks.ts';
import { sendAt } from './messages.ts';
import type { PipelinePorts } from './ports.ts';
import { replace } from './steps.ts';

/**
 * The breaker opens when so many attempts in a row failed, and as many deliveries wait: a few events keep to their
 * schedule however long their receiver is down.
 */
const breakAfter = 20;

/** Counts a failure of a webhook whose breaker is closed, and opens it when it must be. Throws `StoreFailure`. */
export async function countFailure(ports: PipelinePorts, hook: Webhook, lastFailure: string): Promise<void> {
  const { documents, clock, registry } = ports;
  const ref = healthRef(registry, hook.name);
  const known = await readStored(documents, healthSchema, ref);
  const first = firstFailure(hook, lastFailure, breakAfter, clock.now());
  if (known !== undefined && known.document.uid !== hook.uid) {
    await replace(documents, ref, first, known);
    return;
  }
  if (known === undefined) {
    const created = await documents.commitDocuments('registries', ref.partition, [{ do: 'create', document: first }]);
    if (created.committed) return;
  } else if (known.document.state !== 'counting') {
    return;
  }
  // The write is not conditional: attempts that fail side by side are counted side by side.
  await documents.commitDocuments('registries', ref.partition, [
    { do: 'patch', id: ref.id, set: { lastFailure }, increment: [{ path: 'failures', by: 1 }] },
  ]);
  if (known !== undefined && known.document.failures + 1 >= known.document.lookAt) await openWhereNeeded(ports, hook);
}

async function openWhereNeeded(ports: PipelinePorts, hook: Webhook): Promise<void> {
  const { documents, clock, registry } = ports;
  const ref = healthRef(registry, hook.name);
  const stored = await readStored(documents, healthSchema, ref);
  if (stored === undefined || stored.document.state !== 'counting' || stored.document.failures < stored.document.lookAt)
    return;
  const health = stored.document;
  const [succeeded, waits] = await Promise.all([
    hasSome(ports, hook, 1, deliveredSince(health)),
    waitsFor(ports, hook, breakAfter),
  ]);
  const now = clock.now();
  if (succeeded || !waits) {
    // After a success failures are counted from now on; without one, they are many failures of few deliveries.
    const since = succeeded
      ? { since: now.toISOString(), failures: 0, lookAt: breakAfter }
      : { lookAt: health.failures + breakAfter };
    await replace(documents, ref, { ...health, ...since }, stored);
    return;
  }
  const open = await replace(documents, ref, { ...opened(health, now), seq: health.seq + 1 }, stored);
  if (open === undefined) return;
  // The first step does it too; but until then every event is still posted.
  await markHook(ports, open.document);
  await sendAt(ports.queues, { do: 'breaker', name: hook.name, uid: hook.uid, seq: open.document.seq }, now, now);
}

function deliveredSince({ since }: WebhookHealth): Predicate[] {
  return [
    { path: 'status', is: '=', value: 'delivered' },
    { path: 'endedAt', is: '>=', value: since },
  ];
}

/** Says whether at least so many deliveries wait for a webhook, held back or not. Throws `StoreFailure`. */
export function waitsFor(ports: PipelinePorts, hook: Webhook, enough: number): Promise<boolean> {
  return hasSome(ports, hook, enough, [{ path: 'status', is: '=', value: 'waiting' }]);
}

/** Says whether there are at least so many, and reads no more documents than that. */
async function hasSome(
  { documents }: PipelinePorts,
  { registry, name, uid }: Webhook,
  enough: number,
  where: readonly Predicate[],
): Promise<boolean> {
  const found = await firstOf(
    enough,
    documentsOf(documents, {
      container: 'deliveries',
      partition: [webhookKey(registry, name)],
      where: [...where, { path: 'uid', is: '=', value: uid }],
      limit: enough,
    }),
  );
  return found.length >= enough;
}

/**
 * Marks the webhook and its routes with whether the breaker is open, so that dispatch posts nothing while it is.
 * Repeated, it changes nothing. Throws `StoreFailure`.
 */
export async function markHook(
  { documents }: PipelinePorts,
  { registry, name, uid, state, since }: WebhookHealth,
): Promise<void> {
  await changeHook(documents, { registry, name, uid }, (hook) => {
    const { brokenSince, ...whole } = hook;
    if (state === 'draining') return brokenSince === undefined ? hook : whole;
    return hook.status === 'disabled' || brokenSince === since ? hook : { ...whole, brokenSince: since };
  });
}

/**
 * Probes the receiver now, because a delivery that somebody requested has shown that it works. Throws `StoreFailure`.
 */
export async function nudgeBreaker(ports: PipelinePorts, { name, uid }: Webhook): Promise<void> {
  const stored = await readStored(ports.documents, healthSchema, healthRef(ports.registry, name));
  if (stored?.document.uid !== uid || stored.document.state !== 'open') return;
  const now = ports.clock.now();
  await sendAt(ports.queues, { do: 'breaker', name, uid, seq: stored.document.seq }, now, now);
}
