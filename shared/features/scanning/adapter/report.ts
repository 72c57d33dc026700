import { z } from 'zod';
import type { ScanResult } from '../findings.ts';
import { readReport } from '../formats/read-report.ts';
import { ReportFault } from '../formats/report-fault.ts';
import { maxReportBytes, parseReportJson } from '../formats/report-json.ts';
import { shownText } from '../shown-text.ts';
import type { CallFailed } from './answers.ts';
import { failed, faultOfBody, statusFailure, unanswered } from './answers.ts';
import type { AskScanner } from './ask-scanner.ts';
import type { ScannerTarget } from './registration.ts';
import { callUrl } from './registration.ts';
import type { ScannedArtifact, WantedReport } from './scan.ts';

/**
 * An adapter that does not say when to ask again, as Trivy's does not, is asked every second at first, because somebody
 * waits for the image; and less often once the scan takes longer.
 */
const [soonSeconds, laterSeconds] = [1, 5];
const soonMs = 2 * 60_000;
/** An adapter that says when to ask again is asked within these seconds. */
const [leastSeconds, mostSeconds] = [1, 60];

/** A scan whose report is asked for. */
export interface ScanUnderWay {
  readonly id: string;
  readonly artifact: Pick<ScannedArtifact, 'repository' | 'digest'>;
  readonly wanted: WantedReport;
  readonly startedAt: Date;
  /** The milliseconds after which a scan that has no report has failed. */
  readonly totalMs: number;
}

export type ReportOutcome =
  | { readonly is: 'running'; readonly askAgainAt: Date }
  /** The bytes are the report as it came, to be kept. */
  | { readonly is: 'report'; readonly result: ScanResult; readonly bytes: Uint8Array }
  | { readonly is: 'sbom'; readonly mediaType: string; readonly sbom: Readonly<Record<string, unknown>> }
  /** The scanner does not know the scan, or no longer: it must be asked for anew. */
  | { readonly is: 'gone'; readonly reason: string }
  | CallFailed;

const call = 'the question for a report';

/** Asks for a scan's report, once, and says what to do next. It never waits for the scan, and follows no redirect. */
export async function askReport(
  ask: AskScanner,
  target: ScannerTarget,
  scan: ScanUnderWay,
  now: Date,
): Promise<ReportOutcome> {
  const { reportType, sbomMediaType } = scan.wanted;
  const answer = await ask.askScanner({
    url: callUrl(
      target.url,
      ['scan', scan.id, 'report'],
      sbomMediaType === undefined ? {} : { sbom_media_type: sbomMediaType },
    ),
    method: 'GET',
    headers: { ...target.headers, Accept: reportType },
    mostBytes: maxReportBytes,
    timeoutMs: target.timeoutMs,
  });
  const isLate = now.getTime() - scan.startedAt.getTime() >= scan.totalMs;
  if (answer.is !== 'answered') return endedBy(isLate, unanswered(answer));
  if (answer.status === 302) return running(scan, now, answer.headers['refresh-after']);
  if (answer.status === 404) return { is: 'gone', reason: statusFailure(answer, call).reason };
  if (answer.status === 500) {
    // A scan that failed is answered with 500, for good: the same question gets the same answer.
    return { ...statusFailure(answer, call), mayRetry: false };
  }
  if (answer.status !== 200) return endedBy(isLate, statusFailure(answer, call));
  const fault = faultOfBody(answer, call, [reportType]);
  if (fault !== undefined) return fault;
  return sbomMediaType === undefined ? vulnerabilitiesOf(answer.body, scan) : sbomOf(answer.body, scan, sbomMediaType);
}

/** Ends a scan whose time is over: an adapter that hangs at every question is not asked for ever. */
function endedBy(isLate: boolean, failure: CallFailed): CallFailed {
  return isLate ? { ...failure, mayRetry: false } : failure;
}

function running({ startedAt, totalMs }: ScanUnderWay, now: Date, refreshAfter: string | undefined): ReportOutcome {
  if (now.getTime() - startedAt.getTime() >= totalMs)
    return failed(`The scanner had no report after ${Math.round(totalMs / 60_000)} minutes.`, false);
  const usual = now.getTime() - startedAt.getTime() < soonMs ? soonSeconds : laterSeconds;
  const asked = refreshAfter !== undefined && /^\d{1,9}$/.test(refreshAfter) ? Number(refreshAfter) : usual;
  const seconds = Math.min(Math.max(asked, leastSeconds), mostSeconds);
  return { is: 'running', askAgainAt: new Date(now.getTime() + seconds * 1_000) };
}

const subjectSchema = z.object({ artifact: z.object({ repository: z.string(), digest: z.string() }) });

/** Says what is wrong with the image that a report names. A report about another image would judge this one. */
function faultOfSubject(value: unknown, { artifact }: ScanUnderWay): CallFailed | undefined {
  const parsed = subjectSchema.safeParse(value);
  if (!parsed.success) return failed('The report does not name the image that it is about.', false);
  const { repository, digest } = parsed.data.artifact;
  if (digest === artifact.digest && repository === artifact.repository) return undefined;
  return failed(`The report is about another image: ${shownText(`${repository}@${digest}`)}.`, false);
}

function vulnerabilitiesOf(bytes: Uint8Array, scan: ScanUnderWay): ReportOutcome {
  const reading = readReport(bytes, 'scanner-api', (value) => faultOfSubject(value, scan)?.reason);
  return reading.is === 'refused' ? failed(reading.reason, false) : { is: 'report', result: reading.result, bytes };
}

const sbomSchema = z.object({ media_type: z.string(), sbom: z.record(z.string(), z.unknown()) });

function sbomOf(bytes: Uint8Array, scan: ScanUnderWay, mediaType: string): ReportOutcome {
  let value: unknown;
  try {
    value = parseReportJson(bytes);
  } catch (error) {
    if (error instanceof ReportFault) return failed(error.message, false);
    throw error;
  }
  const fault = faultOfSubject(value, scan);
  if (fault !== undefined) return fault;
  const parsed = sbomSchema.safeParse(value);
  if (!parsed.success || parsed.data.media_type !== mediaType)
    return failed(`The report holds no SBOM of the type ${mediaType}.`, false);
  return { is: 'sbom', mediaType, sbom: parsed.data.sbom };
}
