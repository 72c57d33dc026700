import { oneByOne } from '../../../core/documents/alone.ts';
import { dueBy } from '../../../core/documents/due.ts';
import { firstPage } from '../../../core/documents/pages.ts';
import { parseStored } from '../../../core/documents/stored.ts';
import { scanSchema } from '../documents.ts';
import type { ScanPorts } from '../ports.ts';
import { checkScanner, listScanners } from '../scanners.ts';
import { startQueued } from './start.ts';
import { makeStep } from './step.ts';

/** A step that is so many milliseconds late has lost its message. */
const lateMs = 10_000;
const stepsOfPage = 50;
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
