import { createHash } from 'node:crypto';
import { readable } from '../../core/documents/alone.ts';
import { patching } from '../../core/documents/changes.ts';
import { dueBy } from '../../core/documents/due.ts';
import type { Stored } from '../../core/documents/stored.ts';
import { readStored } from '../../core/documents/stored.ts';
import { envelope } from '../../core/events/envelope.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import { reconcileImage } from './complete.ts';
import { claim, copyBlob, failingAfter, putOff, whyFailed } from './copy.ts';
import type { Copy } from './documents.ts';
import { copyRef, copySchema } from './documents.ts';
import type { Pace } from './pace.ts';
import type { ReplicationPorts } from './ports.ts';
import { readReplica } from './replicas.ts';

const copiesAtOnce = 8;

/**
 * Makes the copies of this region that are due, the most urgent first, until none is or `until`. Any number of
 * processes may do so at once. Returns how many it made. Throws `StoreFailure` when the documents do not answer.
 */
export async function copyDue(ports: ReplicationPorts, pace: Pace, until: Date): Promise<number> {
  let copied = 0;
  while (ports.clock.now() < until && !(await isPaused(ports))) {
    const due = await dueCopies(ports);
    if (due.length === 0) break;
    const outcomes = await Promise.all(due.map((each) => tryCopy(ports, each, pace)));
    copied += outcomes.filter((outcome) => outcome === 'copied').length;
  }
  return copied;
}

/**
 * Says whether copying is paused. A region that is being emptied makes no copies: those of blobs that it alone has are
 * another region's work.
 */
async function isPaused(ports: ReplicationPorts): Promise<boolean> {
  const replica = await readReplica(ports, ports.regions.here);
  return replica?.settings.paused === true || replica?.draining !== undefined;
}

async function dueCopies({
  documents,
  registry,
  regions,
  clock,
  log,
  sourceOf,
}: ReplicationPorts): Promise<Stored<Copy>[]> {
  const page = await documents.queryDocuments({
    container: 'blobs',
    where: [
      { path: 'type', is: '=', value: 'copy' },
      { path: 'region', is: '=', value: regions.here },
      dueBy(clock.now()),
      // If there is one registry all copies are its own, also older ones without `wantedBy`.
      ...(sourceOf === undefined ? [] : [{ path: 'wantedBy', is: 'contains' as const, value: { registry } }]),
    ],
    orderBy: { path: 'order', direction: 'asc' },
    limit: copiesAtOnce,
  });
  return readable(log, copySchema, page.documents, { container: 'blobs' });
}

async function tryCopy(
  ports: ReplicationPorts,
  due: Stored<Copy>,
  pace: Pace,
): Promise<'copied' | 'gone' | 'taken' | 'failed'> {
  const { begun } = due.document;
  const claimed = await claim(ports, due);
  if (claimed === undefined) return 'taken';
  const outcome = await copyBlob(ports, { ...claimed, begun }, pace).catch((error: unknown) => ({
    is: 'failed' as const,
    why: whyFailed(error),
  }));
  if (outcome.is === 'failed') await noteFailure(ports, claimed, outcome.why);
  if (outcome.is !== 'taken') ports.metrics.tellCopied(outcome.is, outcome.is === 'copied' ? claimed.size : 0);
  if (outcome.is === 'copied' || outcome.is === 'gone') await reconcileWaiting(ports, claimed);
  return outcome.is;
}

/**
 * Checks the images that waited for a copy. Those that came to wait since the claim are in no list any more: the sweep
 * finds them.
 */
async function reconcileWaiting(ports: ReplicationPorts, { images, region }: Copy): Promise<void> {
  for (const { registry, repository, digest } of images)
    await reconcileImage(ports, { registry, repository }, digest, region);
}

async function noteFailure(ports: ReplicationPorts, copy: Copy, why: string): Promise<void> {
  const attempts = await putOff(ports, copy, why);
  ports.log.warn(
    { digest: copy.digest, region: copy.region, attempts, why },
    'a blob could not be copied, and the copy is tried again',
  );
  if (attempts === failingAfter) await publishFailing(ports, copy, attempts, why);
}

async function publishFailing(
  { topic, clock, log, registry: here, eventSource, sourceOf }: ReplicationPorts,
  { digest, region, queuedAt, images }: Copy,
  attempts: number,
  why: string,
): Promise<void> {
  const id = createHash('sha256')
    .update(JSON.stringify(['replication-failing', digest, region, queuedAt]))
    .digest('hex')
    .slice(0, 32);
  const time = clock.now().toISOString();
  const waiting = images.length === 0 ? [here] : [...new Set(images.map(({ registry }) => registry))];
  const events = waiting.map((registry) => {
    const source = sourceOf?.(registry) ?? eventSource;
    const repositories = images.filter((image) => image.registry === registry).map(({ repository }) => repository);
    return envelope(
      'Longshore.ReplicationFailing',
      { id, time, source, subject: digest },
      {
        id,
        timestamp: time,
        target: { digest, region, repositories: [...new Set(repositories)] },
        attempts,
        lastFailure: why,
      },
    );
  });
  try {
    await topic.publishEvents(events);
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    log.warn({ err: error, digest, region }, 'the event of a copy that keeps failing could not be published');
  }
}

/** Moves a planned copy in front of all others. A copy that is not planned is not added. */
export async function hasten({ documents, regions }: ReplicationPorts, digest: Copy['digest']): Promise<boolean> {
  const found = await readStored(documents, copySchema, copyRef(digest, regions.here));
  if (found === undefined || found.document.order.startsWith('0:')) return false;
  const outcome = await documents.commitDocuments(
    'blobs',
    [digest],
    [patching(found, { order: `0:${found.document.order}` })],
  );
  return outcome.committed;
}
