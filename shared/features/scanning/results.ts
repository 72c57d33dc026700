import pLimit from 'p-limit';
import { writing } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import { defined } from '../../core/documents/defined.ts';
import { listersAmong } from '../../core/documents/listers.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { isIndexMediaType } from '../../core/oci/media-types.ts';
import type { Cause } from '../../core/ports/cause.ts';
import type { StoredResult } from './documents.ts';
import { results } from './documents.ts';
import type { ScanResult } from './findings.ts';
import { withFixTimes } from './fix-times.ts';
import { readReport } from './formats/read-report.ts';
import type { ScanPorts } from './ports.ts';
import { keepReferrer, reportTypes } from './referrer.ts';

/** The milliseconds after which a timer looks if the image of a report is still there. */
export const keptMs = 30 * 24 * 3_600_000;
/** The indexes that are judged anew with an image that they list. */
const mostListers = 20;
const judgedAtOnce = 4;

interface NewResult {
  readonly by: StoredResult['by'];
  readonly format: string;
  readonly result: ScanResult;
}

/**
 * Stores the result of a scan in the place of the one before, and judges by it: the image, and the indexes that list it.
 * Throws `StoreFailure`, `RegistryError` (`contended`).
 */
export async function recordResult(
  ports: ScanPorts,
  key: RepositoryKey,
  digest: Digest,
  { by, format, result }: NewResult,
): Promise<{ readonly before: StoredResult | undefined; readonly now: StoredResult }> {
  const { documents, clock } = ports;
  const place = { ...key, digest };
  let before: StoredResult | undefined;
  const recorded = await untilUncontended(`the report about ${key.repository}@${digest}`, async () => {
    const found = await results.find(documents, place);
    before ??= found?.document;
    const now = clock.now();
    const receivedAt = now.toISOString();
    // A report may say that it is from the future, and would never be too old.
    const { reportedAt } = result;
    const document: StoredResult = {
      id: results.ref(place).id,
      type: 'scan-result',
      schemaVersion: 1,
      registry: key.registry,
      repository: key.repository,
      digest,
      by,
      format,
      scannedAt: reportedAt !== undefined && Date.parse(reportedAt) < now.getTime() ? reportedAt : receivedAt,
      receivedAt,
      dueAt: new Date(now.getTime() + keptMs).toISOString(),
      result: withFixTimes(result, before?.result, now),
      ...defined({ report: before?.report, sbom: before?.sbom }),
    };
    const outcome = await documents.commitDocuments('repositories', partitionOf(key), [writing(found, document)]);
    return outcome.committed ? { before, now: document } : undefined;
  });
  await judgeWithListers(ports, key, digest);
  return recorded;
}

/** Judges an image, and then the indexes that list it. */
export async function judgeWithListers(
  ports: Pick<ScanPorts, 'documents' | 'judging'>,
  key: RepositoryKey,
  digest: Digest,
): Promise<void> {
  const [, listers] = await Promise.all([
    ports.judging.judgeManifest(key, digest),
    listersAmong(ports, key, digest, mostListers),
  ]);
  const limit = pLimit(judgedAtOnce);
  await Promise.all(listers.map((each) => limit(() => ports.judging.judgeManifest(key, each.digest))));
}

/**
 * Keeps a report, and an SBOM, as referrers of their image, in the place of those before. A report that names the same
 * findings as the one before is not kept again: a daily scan would otherwise fill the repository.
 */
export async function keepReport(
  ports: ScanPorts,
  key: RepositoryKey,
  manifest: Pick<ManifestDocument, 'digest' | 'mediaType' | 'size'>,
  kept: { readonly bytes: Uint8Array; readonly type: string; readonly as: 'report' | 'sbom' },
  {
    before,
    now,
    cause,
  }: { readonly before: StoredResult | undefined; readonly now: StoredResult; readonly cause: Cause },
): Promise<void> {
  if (kept.as === 'report' && before?.report !== undefined && saysTheSame(before, now)) return;
  const old = kept.as === 'report' ? before?.report : before?.sbom?.digest;
  const digest = await keepReferrer(ports, key, manifest, kept, { cause, old });
  const { container, partition, id } = results.ref({ ...key, digest: manifest.digest });
  const set = kept.as === 'report' ? { report: digest } : { sbom: { digest, mediaType: kept.type } };
  await ports.documents.commitDocuments(container, partition, [{ do: 'patch', id, set }]);
}

function saysTheSame(before: StoredResult, now: StoredResult): boolean {
  const said = ({ format, result: { findings, counts } }: StoredResult) => JSON.stringify([format, findings, counts]);
  return said(before) === said(now);
}

/**
 * Takes a report that a CI has made. Throws `RegistryError`: `request-invalid` for one that cannot be read, `conflict`
 * for one about another image, or about an index, whose images each have one of their own.
 */
export async function putReport(
  ports: ScanPorts,
  key: RepositoryKey,
  manifest: ManifestDocument,
  { bytes, by, cause }: { readonly bytes: Uint8Array; readonly by: string; readonly cause: Cause },
): Promise<void> {
  if (isIndexMediaType(manifest.mediaType)) throw ofIndex(key, manifest.digest);
  const reading = readReport(bytes);
  if (reading.is === 'refused')
    throw new RegistryError({ is: 'request-invalid', code: 'invalidBody', why: reading.reason });
  if (reading.digests.length > 0 && !reading.digests.includes(manifest.digest)) {
    // Scanners of local images know the digest of the index alone by which it was pulled.
    const listers = await listersAmong(ports, key, manifest.digest, mostListers);
    if (!listers.some(({ digest }) => reading.digests.includes(digest))) throw ofOther(key, manifest.digest);
  }
  const { format, result } = reading;
  const recorded = await recordResult(ports, key, manifest.digest, {
    by: { is: 'caller', name: by.slice(0, 300) },
    format,
    result,
  });
  await keepReport(ports, key, manifest, { bytes, type: reportTypes[format], as: 'report' }, { ...recorded, cause });
}

function ofIndex({ repository }: RepositoryKey, digest: Digest): RegistryError {
  return new RegistryError({
    is: 'conflict',
    code: 'reportOfIndex',
    why:
      `${repository}@${digest} is an index, and a report is about one image: put one for the digest of each platform ` +
      'that it lists',
  });
}

function ofOther({ repository }: RepositoryKey, digest: Digest): RegistryError {
  return new RegistryError({
    is: 'conflict',
    code: 'reportOfOther',
    why: `the report says that it is about another image than ${repository}@${digest}: scan that digest, and put its report`,
  });
}
