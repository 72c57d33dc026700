import { oneByOne } from '../../../core/documents/alone.ts';
import { binnedRef } from '../../../core/documents/bin.ts';
import { patching, removing } from '../../../core/documents/changes.ts';
import { dueBy } from '../../../core/documents/due.ts';
import { manifestRef } from '../../../core/documents/manifest.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import { firstPage } from '../../../core/documents/pages.ts';
import { parseStored } from '../../../core/documents/stored.ts';
import { resultSchema, scanSchema } from '../documents.ts';
import type { ScanPorts } from '../ports.ts';
import { keptMs } from '../results.ts';
import { checkScanner, listScanners } from '../scanners.ts';
import { startQueued } from './start.ts';
import { makeStep } from './step.ts';

/** A step that is so many milliseconds late has lost its message. */
const lateMs = 10_000;
const stepsOfPage = 50;
const resultsOfPage = 20;
/** The milliseconds after which a scanner is asked for its metadata again, and after an answer that failed. */
const [hourly, afterFailure] = [3_600_000, 5 * 60_000];

/** Makes the steps whose messages were lost, and begins scans that wait. Ends at `until`. */
export async function resume(ports: ScanPorts, until: Date): Promise<void> {
  const { documents, registry, clock, log } = ports;
  const query = {
    container: 'repositories' as const,
    partition: [registry],
    where: [
      { path: 'type', is: '=' as const, value: 'scan' },
      { path: 'state', is: 'in' as const, values: ['queued', 'running'] },
      dueBy(new Date(clock.now().getTime() - lateMs)),
    ],
    limit: stepsOfPage,
  };
  const late = (await firstPage(documents, query)).map((found) => parseStored(scanSchema, found, query).document);
  const running = late.filter(({ state }) => state === 'running');
  const waitedFor = new Set(late.filter(({ state }) => state === 'queued').map(({ scanner }) => scanner));
  const name = ({ repository, digest }: (typeof late)[number]) => `${repository}@${digest}`;
  await oneByOne(log, 'the next step of a scan', running, name, async ({ repository, digest, step }) => {
    if (clock.now() < until) await makeStep(ports, { registry, repository, digest }, step);
  });
  await oneByOne(log, 'the begin of scans', waitedFor, String, (scanner) => startQueued(ports, scanner));
}

/** Removes the reports of images that are gone, also from the recycle bin. One page each run is more than enough. */
export async function forgetGone({ documents, registry, clock, log }: ScanPorts): Promise<void> {
  const now = clock.now();
  const query = {
    container: 'repositories' as const,
    partition: [registry],
    where: [{ path: 'type', is: '=' as const, value: 'scan-result' }, dueBy(now)],
    limit: resultsOfPage,
  };
  const due = (await firstPage(documents, query)).map((found) => parseStored(resultSchema, found, query));
  const name = ({ document }: (typeof due)[number]) => `${document.repository}@${document.digest}`;
  await oneByOne(log, 'the look for the image of a report', due, name, async (found) => {
    const { repository, digest } = found.document;
    const key = { registry, repository };
    const [live, binned] = await Promise.all([
      documents.readDocument(manifestRef(key, digest)),
      documents.readDocument(binnedRef(key, digest)),
    ]);
    const isThere = live !== undefined || binned !== undefined;
    const dueAt = new Date(now.getTime() + keptMs).toISOString();
    await documents.commitDocuments('repositories', partitionOf(key), [
      isThere ? patching(found, { dueAt }) : removing(found),
    ]);
  });
}

/** Asks those scanners for their metadata which were not asked for a while. */
export async function refreshMetadata(ports: ScanPorts): Promise<void> {
  const { documents, registry, clock, log } = ports;
  const due = (await listScanners(documents, registry)).filter(({ check }) => {
    const waitMs = check?.failure === undefined ? hourly : afterFailure;
    return check === undefined || Date.parse(check.at) + waitMs <= clock.now().getTime();
  });
  await oneByOne(
    log,
    "the question for a scanner's metadata",
    due,
    ({ name }) => name,
    ({ name }) => checkScanner(ports, name),
  );
}
