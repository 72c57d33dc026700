import type { ScanResult } from './findings.ts';
import { keyOf } from './findings.ts';

/**
 * Says of each fix since when it is known: by the scanner, else by the previous result that knew it, else since now. A
 * fix whose time is unknown would otherwise be new for ever, or old at once.
 */
export function withFixTimes(result: ScanResult, previous: ScanResult | undefined, now: Date): ScanResult {
  const known = new Map(
    previous?.findings.flatMap((finding) =>
      finding.fixedSince === undefined ? [] : [[keyOf(finding), finding.fixedSince] as const],
    ),
  );
  return {
    ...result,
    findings: result.findings.map((finding) =>
      finding.fixedIn === undefined || finding.fixedSince !== undefined
        ? finding
        : { ...finding, fixedSince: known.get(keyOf(finding)) ?? now.toISOString() },
    ),
  };
}
