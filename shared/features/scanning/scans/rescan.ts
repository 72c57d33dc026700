import { listersAmong } from '../../../core/documents/listers.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import { firstPage } from '../../../core/documents/pages.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { parseStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { PropertyPredicate } from '../../../core/ports/documents.ts';
import type { Scan, StoredScanner } from '../documents.ts';
import { scanSchema } from '../documents.ts';
import { dayMs } from '../judge.ts';
import { scanPolicies } from '../policy.ts';
import type { ScanPorts } from '../ports.ts';
import { listScanners } from '../scanners.ts';
import { queueScan, urgency } from './ask.ts';
import { sendStart } from './messages.ts';

const scansOfPage = 50;
/** The indexes of an image whose tags count as its own. */
const mostListers = 20;
/** An image was pulled recently if that was within so many days. */
const recentDays = 30;
/** A scan is repeated before the policy's time is over, so that nothing closes meanwhile. */
const ofMaxAge = 0.8;

/**
 * Has all images scanned anew whose last scan is older than the scanner's database, or soon too old for a policy. Those
 * that are tagged and were pulled lately go first, and what is pushed goes before all. Until the new report is there,
 * the last one judges. Ends at `until`, and the next run goes on: what waits is not found again.
 */
export async function askAnew(ports: ScanPorts, until: Date): Promise<void> {
  const oldest = await oldestScan(ports);
  for (const scanner of await listScanners(ports.documents, ports.registry)) {
    const database = scanner.check?.databaseUpdatedAt;
    if (database !== undefined)
      await askAll(ports, scanner, 'database', { path: 'database', is: '<', value: database }, until);
    if (oldest !== undefined)
      await askAll(ports, scanner, 'age', { path: 'startedAt', is: '<', value: oldest.toISOString() }, until);
  }
}

/** Returns the time before which scans are repeated for the sake of a policy. */
async function oldestScan({ documents, registry, clock }: ScanPorts): Promise<Date | undefined> {
  const policies = await scanPolicies.list(documents, registry);
  const days = policies.flatMap(({ settings }) => (settings.mode === 'off' ? [] : (settings.maxAgeDays ?? [])));
  return days.length === 0 ? undefined : new Date(clock.now().getTime() - Math.min(...days) * ofMaxAge * dayMs);
}

async function askAll(
  ports: ScanPorts,
  scanner: StoredScanner,
  cause: Scan['cause'],
  condition: PropertyPredicate,
  until: Date,
): Promise<void> {
  const query = {
    container: 'repositories' as const,
    partition: [ports.registry],
    where: [
      { path: 'type', is: '=' as const, value: 'scan' },
      { path: 'state', is: '=' as const, value: 'ended' },
      { path: 'scanner', is: '=' as const, value: scanner.name },
      condition,
    ],
    limit: scansOfPage,
  };
  let isAny = false;
  while (ports.clock.now() < until) {
    const page = (await firstPage(ports.documents, query)).map((found) => parseStored(scanSchema, found, query));
    const asked = await askPage(ports, scanner, cause, page);
    isAny ||= asked > 0;
    // The next run looks again if others have written all of them meanwhile.
    if (page.length < scansOfPage || asked === 0) break;
  }
  if (isAny) await sendStart(ports.queues, scanner.name);
}

async function askPage(
  ports: ScanPorts,
  scanner: StoredScanner,
  cause: Scan['cause'],
  page: readonly Stored<Scan>[],
): Promise<number> {
  let asked = 0;
  for (const [repository, ofOne] of Map.groupBy(page, ({ document }) => document.repository)) {
    const key = { registry: ports.registry, repository };
    const pulls = await ports.lastPulls.lastPulls(
      key,
      ofOne.map(({ document }) => document.digest),
    );
    const since = ports.clock.now().getTime() - recentDays * dayMs;
    for (const before of ofOne) {
      const { digest } = before.document;
      const { lastPull, lastHead } = pulls.get(digest) ?? {};
      const isPulled = [lastPull, lastHead].some((each) => each !== undefined && Date.parse(each) >= since);
      const isTagged = await hasTag(ports, key, digest);
      const scan = await queueScan(ports, { ...key, digest }, before, scanner, {
        cause,
        urgency: urgencyOf(isTagged, isPulled),
      });
      if (scan !== undefined) asked += 1;
    }
  }
  return asked;
}

function urgencyOf(isTagged: boolean, isPulled: boolean) {
  if (isTagged) return isPulled ? urgency.taggedAndPulled : urgency.tagged;
  return isPulled ? urgency.pulled : urgency.rest;
}

/** Says whether a tag points at an image, or at an index that lists it. */
async function hasTag(ports: ScanPorts, key: RepositoryKey, digest: Digest): Promise<boolean> {
  const listers = await listersAmong(ports, key, digest, mostListers);
  const tags = await firstPage(ports.documents, {
    container: 'repositories',
    partition: partitionOf(key),
    where: [
      { path: 'type', is: '=', value: 'tag' },
      { path: 'digest', is: 'in', values: [digest, ...listers.map((each) => each.digest)] },
    ],
    limit: 1,
  });
  return tags.length > 0;
}
