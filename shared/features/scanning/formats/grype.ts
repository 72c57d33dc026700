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
  named,
  orAbsent,
  packageName,
  parseReport,
  scannerOf,
  score,
  severityOf,
  timeIn,
  version,
} from './reader.ts';
import { isObject } from './scanner-api.ts';

const title = 'JSON report of Grype';

const cvss = z
  .array(
    z
      .object({ metrics: z.object({ baseScore: score }).nullish().transform(orAbsent) })
      .nullish()
      .transform(orAbsent),
  )
  .optional()
  .catch(undefined);

const match = z.object({
  vulnerability: z.object({
    id,
    dataSource: looseText,
    severity: looseText,
    urls: looseTexts,
    cvss,
    fix: z
      .object({
        state: looseText,
        versions: z.array(named(300)).nullish().transform(orAbsent),
        available: z
          .array(z.object({ date: looseText }).nullish().transform(orAbsent))
          .optional()
          .catch(undefined),
      })
      .nullish()
      .transform(orAbsent),
  }),
  relatedVulnerabilities: z
    .array(z.object({ id: looseText, cvss }).nullish().transform(orAbsent))
    .optional()
    .catch(undefined),
  artifact: z.object({ name: packageName, version: version.nullish().transform(orAbsent), purl: looseText }),
});

const built = z.object({ built: looseText }).optional().catch(undefined);
const schema = z.object({
  matches: z.array(match),
  ignoredMatches: z.array(z.unknown()).optional().catch(undefined),
  source: z
    .object({ target: z.object({ manifestDigest: looseText, repoDigests: looseTexts }).optional().catch(undefined) })
    .optional()
    .catch(undefined),
  descriptor: z
    .object({
      name: looseText,
      version: looseText,
      timestamp: looseText,
      // The time moved from the one place to the other with version 6 of the database.
      db: z.object({ built: looseText, status: built }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

/** Reads Grype's JSON. It alone says since when there is a fix. */
export const grypeReader: ReportReader = {
  title,
  fits: (value) => Array.isArray(value['matches']) && isObject(value['descriptor']),
  read(value) {
    const { matches, ignoredMatches, source, descriptor } = parseReport(schema, value, title);
    checkNumber(matches.length);
    const ignored = ignoredMatches?.length ?? 0;
    return {
      scanner: scannerOf(descriptor?.name ?? 'grype', {
        vendor: 'Anchore',
        version: descriptor?.version,
        databaseUpdatedAt: timeIn(descriptor?.db?.built ?? descriptor?.db?.status?.built),
      }),
      findings: matches.map(findingIn),
      notes: ignored === 0 ? [] : [`Grype left out ${ignored} matches by rules of its own, such as a VEX document.`],
      digests: digestsIn([source?.target?.manifestDigest, ...(source?.target?.repoDigests ?? [])]),
      ...defined({ reportedAt: timeIn(descriptor?.timestamp) }),
    };
  },
};

function findingIn({ vulnerability, relatedVulnerabilities, artifact }: z.infer<typeof match>) {
  const { fix } = vulnerability;
  const dates = (fix?.available ?? []).flatMap((each) => timeIn(each?.date) ?? []);
  const scores = [vulnerability.cvss, ...(relatedVulnerabilities ?? []).map((each) => each?.cvss)].flatMap((list) =>
    (list ?? []).flatMap((each) => each?.metrics?.baseScore ?? []),
  );
  return findingOf({
    id: vulnerability.id,
    aliases: (relatedVulnerabilities ?? []).map((each) => each?.id),
    package: artifact.name,
    purl: artifact.purl,
    version: artifact.version,
    fixedIn: fix?.versions ?? [],
    fixedSince: dates.toSorted()[0],
    severity: severityOf(vulnerability.severity),
    cvss: scores.length === 0 ? undefined : scores.reduce((best, each) => Math.max(best, each)),
    links: [vulnerability.dataSource, ...(vulnerability.urls ?? [])],
  });
}
