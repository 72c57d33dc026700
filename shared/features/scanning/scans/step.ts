import { patching } from '../../../core/documents/changes.ts';
import { defined } from '../../../core/documents/defined.ts';
import type { ManifestDocument } from '../../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef } from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { ReportOutcome } from '../adapter/report.ts';
import { askReport } from '../adapter/report.ts';
import type { Scan, StoredScanner } from '../documents.ts';
import { results, scanners, scans } from '../documents.ts';
import type { ScanPorts } from '../ports.ts';
import { causeOfScan, reportTypes } from '../referrer.ts';
import { keepReport, recordResult } from '../results.ts';
import { targetFor } from '../scanners.ts';
import { endScan, failOrRetry } from './end.ts';
import { sendStep } from './messages.ts';
import { claim } from './start.ts';

/** Clocks may differ by so many milliseconds before a step waits once more. */
const earlyMs = 250;

/**
 * Makes the next step of a scan: the scanner is asked for its report once. A message for another step is a copy, or
 * late, and does nothing; each step sends one message at most. Throws `StoreFailure`: then it is made again once its
 * time is over.
 */
export async function makeStep(
  ports: ScanPorts,
  place: RepositoryKey & { readonly digest: Digest },
  step: number,
): Promise<void> {
  const found = await scans.find(ports.documents, place);
  if (found === undefined || found.document.state !== 'running' || found.document.step !== step) return;
  const now = ports.clock.now();
  const { dueAt, scanner: name } = found.document;
  if (dueAt !== undefined && Date.parse(dueAt) > now.getTime() + earlyMs)
    return sendStep(ports.queues, found.document, now);
  const scanner = (await scanners.find(ports.documents, { registry: ports.registry, name }))?.document;
  if (scanner === undefined) return endScan(ports, found, 'failed', `The scanner "${name}" is no longer registered.`);
  const scan = await claim(ports, found, scanner);
  if (scan !== undefined) await askForReport(ports, scanner, scan);
}

async function askForReport(ports: ScanPorts, scanner: StoredScanner, scan: Stored<Scan>): Promise<void> {
  const { repository, digest, scanId, wanted, startedAt } = scan.document;
  const [next] = wanted ?? [];
  if (scanId === undefined || next === undefined || startedAt === undefined)
    // The one who began it died before the scanner's answer was stored.
    return failOrRetry(ports, scan, { reason: 'The scan was begun, and nobody knows how it went.', mayRetry: true });
  const target = await targetFor(ports, scanner);
  if ('why' in target) return failOrRetry(ports, scan, { reason: target.why, mayRetry: false });
  const outcome = await askReport(
    ports.askScanner,
    target,
    {
      id: scanId,
      artifact: { repository, digest },
      wanted: { reportType: next.reportType, ...defined({ sbomMediaType: next.sbomMediaType }) },
      startedAt: new Date(startedAt),
      totalMs: scanner.settings.scanMinutes * 60_000,
    },
    ports.clock.now(),
  );
  await take(ports, scanner, scan, outcome);
}

async function take(
  ports: ScanPorts,
  scanner: StoredScanner,
  scan: Stored<Scan>,
  outcome: ReportOutcome,
): Promise<void> {
  switch (outcome.is) {
    case 'running':
      return goOn(ports, scan, outcome.askAgainAt, scan.document.wanted ?? []);
    case 'report':
      return takeReport(ports, scanner, scan, outcome);
    case 'sbom':
      return takeSbom(ports, scan, outcome);
    case 'gone':
      return failOrEnd(ports, scan, { reason: outcome.reason, mayRetry: true });
    case 'failed':
      return failOrEnd(ports, scan, outcome);
  }
}

/** A question that was not answered is asked again, until the scan's time is over; the scan itself may go on. */
function failOrEnd(
  ports: ScanPorts,
  scan: Stored<Scan>,
  failure: { readonly reason: string; readonly mayRetry: boolean },
) {
  const isOfSbom = scan.document.wanted?.[0]?.sbomMediaType !== undefined;
  // The report of vulnerabilities has judged by then, and is not asked for anew for the sake of an SBOM.
  return isOfSbom ? endScan(ports, scan, 'reported', failure.reason) : failOrRetry(ports, scan, failure);
}

async function takeReport(
  ports: ScanPorts,
  scanner: StoredScanner,
  scan: Stored<Scan>,
  { result, bytes }: Extract<ReportOutcome, { is: 'report' }>,
): Promise<void> {
  const { digest, database, host } = scan.document;
  const { key, manifest } = await imageOf(ports, scan.document);
  if (manifest === undefined) return endScan(ports, scan, 'failed', 'The image was deleted while it was scanned.');
  const { databaseUpdatedAt = database } = result.scanner;
  const { notes = [] } = scanner.check ?? {};
  const whole = {
    ...result,
    scanner: { ...result.scanner, ...(databaseUpdatedAt === undefined ? {} : { databaseUpdatedAt }) },
    notes: [...result.notes, ...notes].slice(0, 20),
  };
  const by = { is: 'scanner' as const, name: scanner.name };
  const recorded = await recordResult(ports, key, digest, { by, format: 'scanner-api', result: whole });
  const cause = causeOfScan(scanner.name, host ?? '');
  const kept = { bytes, type: reportTypes['scanner-api'], as: 'report' as const };
  await keepReport(ports, key, manifest, kept, { ...recorded, cause });
  const rest = scan.document.wanted?.slice(1) ?? [];
  if (rest.length === 0) return endScan(ports, scan, 'reported');
  return goOn(ports, scan, ports.clock.now(), rest);
}

async function takeSbom(
  ports: ScanPorts,
  scan: Stored<Scan>,
  { sbom, mediaType }: Extract<ReportOutcome, { is: 'sbom' }>,
): Promise<void> {
  const { digest, scanner, host } = scan.document;
  const { key, manifest } = await imageOf(ports, scan.document);
  const before = (await results.find(ports.documents, { ...key, digest }))?.document;
  if (manifest !== undefined && before !== undefined) {
    const kept = { bytes: Buffer.from(JSON.stringify(sbom)), type: mediaType, as: 'sbom' as const };
    await keepReport(ports, key, manifest, kept, { before, now: before, cause: causeOfScan(scanner, host ?? '') });
  }
  return endScan(ports, scan, 'reported');
}

async function imageOf(
  { documents, registry }: ScanPorts,
  { repository, digest }: Scan,
): Promise<{ readonly key: RepositoryKey; readonly manifest: ManifestDocument | undefined }> {
  const key = { registry, repository };
  return { key, manifest: (await readStored(documents, manifestDocumentSchema, manifestRef(key, digest)))?.document };
}

/** Has the next step made at a time. */
async function goOn(
  ports: ScanPorts,
  scan: Stored<Scan>,
  at: Date,
  wanted: NonNullable<Scan['wanted']>,
): Promise<void> {
  const { documents, registry, queues, clock } = ports;
  const { repository, step } = scan.document;
  const set = { step: step + 1, dueAt: at.toISOString(), wanted };
  await documents.commitDocuments('repositories', partitionOf({ registry, repository }), [patching(scan, set)]);
  // If another has written it meanwhile, the message names a step that is not to be made, and does nothing.
  await sendStep(queues, { ...scan.document, ...set }, clock.now());
}
