import { patching } from '../../../core/documents/changes.ts';
import { defined } from '../../../core/documents/defined.ts';
import type { ManifestDocument } from '../../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef } from '../../../core/documents/manifest.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import { firstPage } from '../../../core/documents/pages.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { parseStored, readStored } from '../../../core/documents/stored.ts';
import { registryAuthorization } from '../adapter/authorization.ts';
import { mediaTypes } from '../adapter/media-types.ts';
import { capabilityFor } from '../adapter/metadata.ts';
import type { WantedReport } from '../adapter/scan.ts';
import { askScan, vulnerabilityReportOf } from '../adapter/scan.ts';
import type { Check, Scan, StoredScanner } from '../documents.ts';
import { scanners, scans, scanSchema } from '../documents.ts';
import type { ScanPorts } from '../ports.ts';
import { checkScanner, targetFor } from '../scanners.ts';
import { endScan, failOrRetry } from './end.ts';
import { sendStep } from './messages.ts';

/** The milliseconds beyond the time of one request for which a step belongs to the one who makes it. */
const leaseSlackMs = 30_000;
/** The milliseconds after which a scan's report is asked for first. */
const firstAskMs = 1_000;

type Answered = Check & { readonly [K in 'capabilities' | 'registryAuthorization']-?: NonNullable<Check[K]> };
type Known = Omit<StoredScanner, 'check'> & { readonly check: Answered };

/** Begins as many of the scans that wait for a scanner as it may have under way, the most urgent first. */
export async function startQueued(ports: ScanPorts, name: string): Promise<void> {
  const { documents, registry } = ports;
  const found = (await scanners.find(documents, { registry, name }))?.document;
  const free = found === undefined ? mostEnded : found.settings.scansAtOnce - (await running(ports, name));
  if (free <= 0) return;
  const queued = await queuedFor(ports, name, free);
  if (queued.length === 0) return;
  const scanner = found && (found.check?.capabilities === undefined ? await checkScanner(ports, name) : found);
  for (const each of queued) {
    if (scanner === undefined) await endScan(ports, each, 'failed', `The scanner "${name}" is no longer registered.`);
    else if (isKnown(scanner)) await start(ports, scanner, each);
    else
      await failOrRetry(ports, each, {
        reason: scanner.check?.failure ?? 'The scanner gave no answer.',
        mayRetry: true,
      });
  }
}

/** The scans of a scanner that is gone which one call ends. */
const mostEnded = 50;

function isKnown(scanner: StoredScanner): scanner is Known {
  return scanner.check?.capabilities !== undefined && scanner.check.registryAuthorization !== undefined;
}

/** Counts the scans that are under way at a scanner; it may have a few more, as two start some at once. */
async function running({ documents, registry }: ScanPorts, name: string): Promise<number> {
  const query = {
    container: 'repositories' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=' as const, value: 'scan' },
      { path: 'state', is: '=' as const, value: 'running' },
      { path: 'scanner', is: '=' as const, value: name },
    ],
    limit: 50,
  };
  return (await firstPage(documents, query)).length;
}

async function queuedFor({ documents, registry, clock }: ScanPorts, name: string, most: number) {
  const query = {
    container: 'repositories' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=' as const, value: 'scan' },
      { path: 'state', is: '=' as const, value: 'queued' },
      { path: 'scanner', is: '=' as const, value: name },
      { path: 'dueAt', is: '<=' as const, value: clock.now().toISOString() },
    ],
    orderBy: { path: 'order', direction: 'asc' as const },
    limit: most,
  };
  return (await firstPage(documents, query)).map((found) => parseStored(scanSchema, found, query));
}

/** Claims a scan, and asks the scanner for it. */
async function start(ports: ScanPorts, scanner: Known, found: Stored<Scan>): Promise<void> {
  const scan = await claim(ports, found, scanner, {
    state: 'running',
    startedAt: ports.clock.now().toISOString(),
    attempts: found.document.attempts + 1,
    ...defined({ database: scanner.check.databaseUpdatedAt }),
  });
  if (scan === undefined) return;
  const { repository, digest } = scan.document;
  const key = { registry: ports.registry, repository };
  const manifest = (await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest)))?.document;
  if (manifest === undefined) return forgetScan(ports, scan);
  const wanted = wantedOf(scanner, manifest.mediaType);
  if (wanted.length === 0)
    return endScan(ports, scan, 'unscannable', `The scanner "${scanner.name}" scans no ${manifest.mediaType}.`);
  const outcome = await ask(ports, scanner, scan.document, manifest, wanted);
  if (outcome.is === 'unscannable') return endScan(ports, scan, 'unscannable', outcome.reason);
  if (outcome.is === 'failed') return failOrRetry(ports, scan, outcome);
  const now = ports.clock.now();
  const set = {
    scanId: outcome.id,
    wanted,
    step: scan.document.step + 1,
    dueAt: new Date(now.getTime() + firstAskMs).toISOString(),
  };
  await ports.documents.commitDocuments('repositories', partitionOf(key), [patching(scan, set)]);
  // If another has written it meanwhile, the message names a step that is not to be made, and does nothing.
  await sendStep(ports.queues, { ...scan.document, ...set }, now);
}

/** Makes a step of a scan this caller's alone, for the time that it may take; `undefined` if it is another's. */
export async function claim(
  { documents, clock, ids, registry }: ScanPorts,
  found: Stored<Scan>,
  { settings }: Pick<StoredScanner, 'settings'>,
  more: Partial<Scan> = {},
): Promise<Stored<Scan> | undefined> {
  const until = new Date(clock.now().getTime() + settings.requestSeconds * 1_000 + leaseSlackMs).toISOString();
  const set = { ...more, step: found.document.step + 1, dueAt: until, claim: ids.nextId() };
  const { repository, digest } = found.document;
  const key = { registry, repository };
  const outcome = await documents.commitDocuments('repositories', partitionOf(key), [patching(found, set)]);
  if (outcome.committed) return { document: { ...found.document, ...set }, etag: outcome.etags[0] ?? '' };
  // A commit that was sent twice, because its first answer was lost, is refused although it was made.
  const now = await scans.find(documents, { ...key, digest });
  return now?.document.claim === set.claim ? now : undefined;
}

/** Removes the scan of a manifest that is gone. Its report stays as long as it may come back from the recycle bin. */
async function forgetScan({ documents, registry }: ScanPorts, { document }: Stored<Scan>): Promise<void> {
  const partition = partitionOf({ registry, repository: document.repository });
  await documents.commitDocuments('repositories', partition, [{ do: 'delete', id: document.id }]);
}

/** Returns the reports to ask for, that of vulnerabilities first; none if the scanner cannot scan the type. */
function wantedOf({ settings, check }: Known, mediaType: string): WantedReport[] {
  const capability = settings.capabilities.includes('vulnerability')
    ? capabilityFor(check, 'vulnerability', mediaType)
    : undefined;
  const vulnerabilities = capability && vulnerabilityReportOf(capability);
  if (vulnerabilities === undefined) return [];
  const sbom = settings.capabilities.includes('sbom') ? capabilityFor(check, 'sbom', mediaType) : undefined;
  const sbomMediaType = ['application/vnd.cyclonedx+json', 'application/spdx+json'].find((type) =>
    sbom?.sbomMediaTypes.includes(type),
  );
  return sbomMediaType === undefined
    ? [vulnerabilities]
    : [vulnerabilities, { reportType: mediaTypes.sbomReport, sbomMediaType }];
}

/** Asks for a scan, with a credential that pulls the one repository for as long as the scan may take. */
async function ask(
  ports: ScanPorts,
  scanner: Known,
  scan: Scan,
  { digest, mediaType }: ManifestDocument,
  wanted: readonly WantedReport[],
) {
  const target = await targetFor(ports, scanner);
  if ('why' in target) return { is: 'failed' as const, reason: target.why, mayRetry: false };
  const url = registryUrl(ports, scanner, scan);
  if (url === undefined)
    return {
      is: 'failed' as const,
      reason: `The scanner "${scanner.name}" cannot be told where the registry is: give it a registryUrl, or set LONGSHORE_PUBLIC_URL.`,
      mayRetry: false,
    };
  const { repository } = scan;
  const token = await ports.issueAccess?.({
    to: `longshore-scanner-${scanner.name}`,
    // The image is held until it is scanned.
    access: [{ name: repository, actions: ['pull', 'quarantine_read'] }],
    host: url.host,
    until: new Date(ports.clock.now().getTime() + scanner.settings.scanMinutes * 60_000),
  });
  return askScan(ports.askScanner, target, {
    registryUrl: url.origin,
    // Adapters take an empty one for none, as it is on a registry that needs no login.
    authorization: token === undefined ? '' : registryAuthorization(token, scanner.check),
    artifact: { repository, digest, mediaType },
    wanted,
  });
}

function registryUrl(
  { publicUrl }: ScanPorts,
  { settings }: Pick<StoredScanner, 'settings'>,
  { host }: Scan,
): URL | undefined {
  if (settings.registryUrl !== undefined) return new URL(settings.registryUrl);
  if (publicUrl !== undefined) return publicUrl;
  if (host === undefined) return undefined;
  const isHere = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/.test(host);
  const text = `${isHere ? 'http' : 'https'}://${host}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}
