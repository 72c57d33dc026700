import { ReportFault } from './report-fault.ts';

/**
 * A report may have this many bytes once it is unpacked: one of Grype about a large image has some 20 MiB. Who receives
 * it packed must bound what comes out of it.
 */
export const maxReportBytes = 32 * 1024 * 1024;
/** The levels of objects and arrays allowed; reports have about ten. */
const maxReportDepth = 64;
/**
 * The members and elements allowed in a whole report. Each finding has some 50, references and scores included; empty
 * arrays alone would otherwise make a gigabyte of 32 MiB.
 */
const maxReportValues = 1_000_000;

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Parses a report. Bytes, nesting and values are counted before anything is made of them. Throws `ReportFault`.
 *
 * The bounds for JSON of the whole program allow fewer values than a report about a large image has.
 */
export function parseReportJson(bytes: Uint8Array): unknown {
  if (bytes.length > maxReportBytes)
    throw new ReportFault(`The report is larger than ${maxReportBytes / 1024 / 1024} MiB.`);
  checkBounds(bytes);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ReportFault('The report is not encoded in UTF-8.');
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message repeats a part of the report.
    throw new ReportFault('The report is not JSON, or is cut off.');
  }
}

/** Scans each byte once. No byte of UTF-8 beyond ASCII equals one of ASCII. */
function checkBounds(bytes: Uint8Array): void {
  const { length } = bytes;
  let [depth, values, at] = [0, 0, 0];
  while (at < length) {
    const code = bytes[at];
    at += 1;
    if (code === quote) at = endOfString(bytes, at);
    else if (code === comma) values += 1;
    else if (code === openBracket || code === openBrace) {
      depth += 1;
      values += 1;
      if (depth > maxReportDepth)
        throw new ReportFault(`The report is nested more than ${maxReportDepth} levels deep.`);
    } else if (code === closeBracket || code === closeBrace) depth -= 1;
    if (values > maxReportValues)
      throw new ReportFault(`The report has more than ${maxReportValues} members and elements.`);
  }
}

/** Returns the place behind a string. The backslashes before each quote are counted once. */
function endOfString(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const found = bytes.indexOf(quote, at);
    if (found === -1) return bytes.length;
    let backslashes = 0;
    while (found - 1 - backslashes >= at && bytes[found - 1 - backslashes] === backslash) backslashes += 1;
    at = found + 1;
    if (backslashes % 2 === 0) return at;
  }
}
