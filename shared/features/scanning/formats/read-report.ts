import { defined } from '../../../core/documents/defined.ts';
import type { ScanResult } from '../findings.ts';
import { gatherFindings } from '../findings.ts';
import { cyclonedxReader } from './cyclonedx.ts';
import { grypeReader } from './grype.ts';
import type { ReportReader } from './reader.ts';
import { ReportFault } from './report-fault.ts';
import { parseReportJson } from './report-json.ts';
import { sarifReader } from './sarif.ts';
import { isObject, scannerApiReader } from './scanner-api.ts';
import { trivyReader } from './trivy.ts';

/** The formats of reports that are read. */
const reportFormats = ['cyclonedx', 'sarif', 'trivy', 'grype', 'scanner-api'] as const;
export type ReportFormat = (typeof reportFormats)[number];

const readers: Readonly<Record<ReportFormat, ReportReader>> = {
  cyclonedx: cyclonedxReader,
  sarif: sarifReader,
  trivy: trivyReader,
  grype: grypeReader,
  'scanner-api': scannerApiReader,
};

/** The answer of reading a report. A reason is a whole sentence. */
export type ReportReading =
  | {
      readonly is: 'read';
      readonly format: ReportFormat;
      readonly result: ScanResult;
      /** The digests of the image that the report says it is about; empty where it names none. */
      readonly digests: readonly string[];
    }
  | { readonly is: 'refused'; readonly reason: string };

/** Recognizes the format of a report by its marks; `undefined` for a value of none of them. */
function formatOf(value: unknown): ReportFormat | undefined {
  return isObject(value) ? reportFormats.find((format) => readers[format].fits(value)) : undefined;
}

/**
 * Reads a report of any format, or of the one that must be it. Everything in it is bounded before it is used. `faultOf`
 * may refuse the value before it is read, by a whole sentence.
 */
export function readReport(
  bytes: Uint8Array,
  expected?: ReportFormat,
  faultOf: (value: unknown) => string | undefined = () => undefined,
): ReportReading {
  try {
    const value = parseReportJson(bytes);
    const format = expected ?? formatOf(value);
    const known = reportFormats.join(', ');
    const fault =
      format === undefined ? `The report is of none of the formats that are read: ${known}.` : faultOf(value);
    return format === undefined || fault !== undefined ? { is: 'refused', reason: fault ?? '' } : readAs(value, format);
  } catch (error) {
    if (error instanceof ReportFault) return { is: 'refused', reason: error.message };
    throw error;
  }
}

function readAs(value: unknown, format: ReportFormat): ReportReading {
  const { scanner, findings, reportedAt, notes, digests } = readers[format].read(value);
  return {
    is: 'read',
    format,
    digests,
    result: { scanner, ...gatherFindings(findings), notes: [...notes], ...defined({ reportedAt }) },
  };
}
