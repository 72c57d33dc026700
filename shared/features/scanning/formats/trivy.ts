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
  severityOf,
  timeIn,
  version,
} from './reader.ts';
import { bestScore } from './scanner-api.ts';

const title = 'JSON report of Trivy';

const vulnerability = z.object({
  VulnerabilityID: id,
  VendorIDs: looseTexts,
  PkgName: packageName,
  PkgIdentifier: z.object({ PURL: looseText }).optional().catch(undefined),
  InstalledVersion: version.nullish().transform(orAbsent),
  FixedVersion: version.nullish().transform(orAbsent),
  Severity: looseText,
  CVSS: z.unknown().optional(),
  PrimaryURL: looseText,
  References: looseTexts,
});

const schema = z.object({
  CreatedAt: looseText,
  Trivy: z.object({ Version: looseText }).optional().catch(undefined),
  Metadata: z.object({ RepoDigests: looseTexts }).optional().catch(undefined),
  // Trivy leaves both lists out when they are empty.
  Results: z
    .array(
      z.object({
        Vulnerabilities: z.array(vulnerability).nullish().transform(orAbsent),
        ExperimentalModifiedFindings: z.array(z.unknown()).optional().catch(undefined),
      }),
    )
    .nullish()
    .transform(orAbsent),
});

/** Reads Trivy's JSON, whose schema has the version 2. */
export const trivyReader: ReportReader = {
  title,
  fits: (value) => value['SchemaVersion'] === 2 && ('ArtifactName' in value || 'Results' in value),
  read(value) {
    const report = parseReport(schema, value, title);
    const results = report.Results ?? [];
    const items = results.flatMap((result) => result.Vulnerabilities ?? []);
    checkNumber(items.length);
    const hidden = results.reduce((sum, each) => sum + (each.ExperimentalModifiedFindings?.length ?? 0), 0);
    return {
      scanner: scannerOf('Trivy', { vendor: 'Aqua Security', version: report.Trivy?.Version }),
      findings: items.map((item) =>
        findingOf({
          id: item.VulnerabilityID,
          aliases: item.VendorIDs ?? [],
          package: item.PkgName,
          purl: item.PkgIdentifier?.PURL,
          version: item.InstalledVersion,
          fixedIn: [item.FixedVersion],
          severity: severityOf(item.Severity),
          cvss: bestScore(item.CVSS),
          links: [item.PrimaryURL, ...(item.References ?? [])],
        }),
      ),
      notes: hidden === 0 ? [] : [`Trivy left out ${hidden} findings by rules of its own, such as an ignore file.`],
      digests: digestsIn(report.Metadata?.RepoDigests ?? []),
      ...defined({ reportedAt: timeIn(report.CreatedAt) }),
    };
  },
};
