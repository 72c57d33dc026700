import { backoff } from '../../../core/documents/backoff.ts';
import { patching } from '../../../core/documents/changes.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import type { CallFailed } from '../adapter/answers.ts';
import type { Scan } from '../documents.ts';
import { scans } from '../documents.ts';
import type { ScanPorts } from '../ports.ts';
import { judgeWithListers } from '../results.ts';
import { sendStart } from './messages.ts';

/** A scan is begun so many times before it has failed for good. */
const mostAttempts = 5;
const retries = { first: 10_000, longest: 5 * 60_000 };

/**
 * Ends a scan, and judges its image, whose verdict then says the reason. The last report about it judges on. Then the
 * next scan that waits for the scanner is begun.
 */
export async function endScan(
  ports: ScanPorts,
  found: Stored<Scan>,
  outcome: NonNullable<Scan['outcome']>,
  reason?: string,
): Promise<void> {
  const { documents, registry, clock, queues } = ports;
  const { repository, digest, scanner, step } = found.document;
  const key = { registry, repository };
  const { dueAt: _, scanId: __, wanted: ___, reason: ____, claim: _____, ...rest } = found.document;
  const ended = {
    ...rest,
    state: 'ended' as const,
    step: step + 1,
    endedAt: clock.now().toISOString(),
    outcome,
    ...(reason === undefined ? {} : { reason: reason.slice(0, 500) }),
  };
  const written = await scans.write(documents, found, ended);
  // A commit whose first answer was lost is refused although it was made.
  const now = written ?? (await scans.find(documents, { ...key, digest }));
  if (now?.document.state !== 'ended') return;
  if (outcome !== 'reported') await judgeWithListers(ports, key, digest);
  await sendStart(queues, scanner);
}

/** Has a scan begun again later, up to some times; then it has failed. */
export async function failOrRetry(
  ports: ScanPorts,
  found: Stored<Scan>,
  { reason, mayRetry }: Pick<CallFailed, 'reason' | 'mayRetry'>,
): Promise<void> {
  const { documents, registry, clock, queues, log } = ports;
  const { repository, digest, scanner, step } = found.document;
  const attempts = Math.max(1, found.document.attempts);
  log.warn({ repository, digest, scanner, attempts, reason }, 'a scan failed');
  if (!mayRetry || attempts >= mostAttempts) return endScan(ports, found, 'failed', reason);
  const waitMs = backoff(attempts, retries);
  const set = {
    state: 'queued',
    step: step + 1,
    // A scanner that could not even be asked counts too, or an image would wait for ever without a reason.
    attempts: found.document.state === 'queued' ? attempts + 1 : attempts,
    dueAt: new Date(clock.now().getTime() + waitMs).toISOString(),
    reason: reason.slice(0, 500),
  };
  const partition = partitionOf({ registry, repository });
  await documents.commitDocuments('repositories', partition, [patching(found, set)]);
  await sendStart(queues, scanner, Math.ceil(waitMs / 1_000));
  // The verdict says why it takes longer.
  await judgeWithListers(ports, { registry, repository }, digest);
}
