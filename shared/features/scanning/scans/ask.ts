import { replacing } from '../../../core/documents/changes.ts';
import { defined } from '../../../core/documents/defined.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { Scan, StoredScanner } from '../documents.ts';
import { scans } from '../documents.ts';
import type { JudgingPorts } from '../ports.ts';
import { chosenScanner, listScanners } from '../scanners.ts';
import { sendStart } from './messages.ts';

type Ports = Pick<JudgingPorts, 'documents' | 'clock' | 'registry' | 'queues'>;

/** The urgencies, the first goes first. */
export const urgency = { now: 0, taggedAndPulled: 1, tagged: 2, pulled: 3, rest: 4 } as const;
type Urgency = (typeof urgency)[keyof typeof urgency];

interface Asked {
  readonly cause: Scan['cause'];
  readonly urgency: Urgency;
  readonly host?: string | undefined;
}

/**
 * Asks for the first scan of a manifest, once however often it is called. One that failed for good is not asked for
 * again here: that is done when the scanner's database is newer, or by hand.
 */
export async function askForScan(
  ports: Ports,
  key: RepositoryKey,
  digest: Digest,
  scannerName: string | undefined,
): Promise<void> {
  const before = await scans.find(ports.documents, { ...key, digest });
  if (before !== undefined && before.document.outcome !== 'reported') return;
  const scanner = chosenScanner(await listScanners(ports.documents, ports.registry), scannerName);
  if (scanner === undefined) return;
  await queueScan(ports, { ...key, digest }, before, scanner, { cause: 'push', urgency: urgency.now });
  await sendStart(ports.queues, scanner.name);
}

/**
 * Puts a scan into the queue. One that is under way, or waits and is as urgent, stays as it is. Returns it
 * as it is then; `undefined` if it is gone.
 */
export async function queueScan(
  { documents, clock, registry }: Pick<Ports, 'documents' | 'clock' | 'registry'>,
  place: RepositoryKey & { readonly digest: Digest },
  before: Stored<Scan> | undefined,
  scanner: Pick<StoredScanner, 'name'>,
  asked: Asked,
): Promise<Scan | undefined> {
  const now = clock.now().toISOString();
  const order = `${asked.urgency}:${now}`;
  const known = before?.document;
  if (known?.state === 'running') return known;
  if (known?.state === 'queued' && known.order < order && known.scanner === scanner.name) return known;
  const scan: Scan = {
    id: scans.ref(place).id,
    type: 'scan',
    schemaVersion: 1,
    registry,
    repository: place.repository,
    digest: place.digest,
    scanner: scanner.name,
    state: 'queued',
    cause: asked.cause,
    order,
    queuedAt: now,
    step: (known?.step ?? 0) + 1,
    dueAt: now,
    attempts: 0,
    // Older than any database: a scanner that could not even be asked is asked again once it names one.
    database: known?.database ?? new Date(0).toISOString(),
    ...defined({ host: asked.host ?? known?.host }),
  };
  const change = before === undefined ? { do: 'create' as const, document: { ...scan } } : replacing(before, scan);
  const outcome = await documents.commitDocuments('repositories', partitionOf(place), [change]);
  return outcome.committed ? scan : (await scans.find(documents, place))?.document;
}
