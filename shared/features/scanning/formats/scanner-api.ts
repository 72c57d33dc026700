import { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import type { ReportReader } from './reader.ts';
import {
  checkNumber,
  digestsIn,
  findingOf,
  id,
  looseText,
  looseTexts,
  orAbsent,
  packageName,
  parseReport,
  scannerOf,
  score,
  severityOf,
  timeIn,
  version,
} from './reader.ts';

const title = "scanner API's vulnerability report";

const schema = z.object({
  generated_at: looseText,
  artifact: z.object({ repository: looseText, digest: looseText }).nullish().transform(orAbsent),
  scanner: z.object({ name: looseText, vendor: looseText, version: looseText }).nullish().transform(orAbsent),
  // The adapter of Trivy leaves the list out when nothing was found.
  vulnerabilities: z
    .array(
      z.object({
        id,
        package: packageName,
        version: version.nullish().transform(orAbsent),
        fix_version: version.nullish().transform(orAbsent),
        severity: looseText,
        links: looseTexts,
        preferred_cvss: z.object({ score_v3: score, score_v2: score }).optional().catch(undefined),
        vendor_attributes: z.object({ CVSS: z.unknown().optional() }).optional().catch(undefined),
      }),
    )
    .nullish()
    .transform(orAbsent),
});

/** Reads the vulnerability report of the pluggable scanner API, version 1.1. */
export const scannerApiReader: ReportReader = {
  title,
  fits: (value) => isObject(value['artifact']) && isObject(value['scanner']) && !('matches' in value),
  read(value) {
    const report = parseReport(schema, value, title);
    const items = report.vulnerabilities ?? [];
    checkNumber(items.length);
    return {
      scanner: scannerOf(report.scanner?.name, { ...report.scanner }),
      findings: items.map((item) =>
        findingOf({
          id: item.id,
          package: item.package,
          version: item.version,
          fixedIn: [item.fix_version],
          severity: severityOf(item.severity),
          cvss:
            item.preferred_cvss?.score_v3 ?? bestScore(item.vendor_attributes?.CVSS) ?? item.preferred_cvss?.score_v2,
          links: item.links ?? [],
        }),
      ),
      notes: [],
      digests: digestsIn([report.artifact?.digest]),
      ...defined({ reportedAt: timeIn(report.generated_at) }),
    };
  },
};

const scoresSchema = z.record(z.string(), z.object({ V3Score: score, V40Score: score }).optional().catch(undefined));

/** Returns the highest score of those that several sources give, by the names that Trivy uses. */
export function bestScore(scores: unknown): number | undefined {
  const parsed = scoresSchema.safeParse(scores);
  if (!parsed.success) return undefined;
  const all = Object.values(parsed.data).flatMap((each) => [each?.V3Score ?? [], each?.V40Score ?? []].flat());
  return all.length === 0 ? undefined : all.reduce((best, each) => Math.max(best, each));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
