import { z } from 'zod';

/** The severities from the least on, as scanners name them. */
export const severities = ['unknown', 'negligible', 'low', 'medium', 'high', 'critical'] as const;
export const severitySchema = z.enum(severities);
export type Severity = z.infer<typeof severitySchema>;

/** A report with more findings is refused: they are compared with each other, and kept in memory until then. */
export const maxFindings = 20_000;
/** The worst findings are kept as rows, so many and so many bytes of JSON: the result fits into one document. */
const maxRows = 1_000;
const maxRowBytes = 1024 * 1024;

/** The characters that a finding's texts may have. A report with a longer name is refused, because a cut name lies. */
export const longest = {
  id: 200,
  alias: 100,
  aliases: 10,
  package: 500,
  version: 300,
  purl: 1_000,
  link: 500,
  links: 5,
};

const when = z.iso.datetime();

/** A vulnerability of one package, as every format is read into. */
const findingSchema = z.object({
  id: z.string().min(1).max(longest.id),
  /** Other names of the same vulnerability: an exception for one of them is for the finding too. */
  aliases: z.array(z.string().min(1).max(longest.alias)).max(longest.aliases).optional(),
  package: z.string().min(1).max(longest.package),
  purl: z.string().max(longest.purl).optional(),
  /** Empty where the format has no versions, as SARIF. */
  version: z.string().max(longest.version),
  /** The versions with a fix, as a text for people; absent if there is none. */
  fixedIn: z.string().min(1).max(longest.version).optional(),
  /** The time since which there is a fix, by the scanner or by when the registry first saw it. */
  fixedSince: when.optional(),
  severity: severitySchema,
  cvss: z.number().min(0).max(10).optional(),
  links: z.array(z.string().max(longest.link)).max(longest.links),
});
export type Finding = z.infer<typeof findingSchema>;

const scannerSchema = z.object({
  name: z.string().max(200),
  vendor: z.string().max(200),
  version: z.string().max(200),
  databaseUpdatedAt: when.optional(),
});
export type Scanner = z.infer<typeof scannerSchema>;

const count = z.int().min(0).max(maxFindings);
const countSchema = z.object({ withFix: count, withoutFix: count });

/** The findings per severity, those with a fix and those without. */
const countsSchema = z.object({
  unknown: countSchema,
  negligible: countSchema,
  low: countSchema,
  medium: countSchema,
  high: countSchema,
  critical: countSchema,
});
export type Counts = z.infer<typeof countsSchema>;

/** The result of one scan of one manifest. */
export const scanResultSchema = z.object({
  scanner: scannerSchema,
  /** The worst findings, from the worst on. */
  findings: z.array(findingSchema).max(maxRows),
  /** All findings, those without a row as well. */
  counts: countsSchema,
  /** The time that the report names; its maker may have chosen it. */
  reportedAt: when.optional(),
  /** Sentences that say why the report may mean less than it seems. */
  notes: z.array(z.string().max(500)).max(20),
});
export type ScanResult = z.infer<typeof scanResultSchema>;

export function noCounts(): Counts {
  const none = () => ({ withFix: 0, withoutFix: 0 });
  return { unknown: none(), negligible: none(), low: none(), medium: none(), high: none(), critical: none() };
}

export function rankOf(severity: Severity): number {
  return severities.indexOf(severity);
}

/** Sums up counts. */
export function totalOf(counts: Counts): number {
  return severities.reduce((sum, severity) => sum + counts[severity].withFix + counts[severity].withoutFix, 0);
}

/** Adds findings of one kind to counts; a negative number takes them away. */
export function addTo(counts: Counts, { severity, fixedIn }: Pick<Finding, 'severity' | 'fixedIn'>, number = 1): void {
  counts[severity][fixedIn === undefined ? 'withoutFix' : 'withFix'] += number;
}

/** Returns the counts of findings that have no row. */
export function countsWithoutRows({ counts, findings }: Pick<ScanResult, 'counts' | 'findings'>): Counts {
  const rest = structuredClone(counts);
  for (const finding of findings) addTo(rest, finding, -1);
  return rest;
}

/**
 * Orders findings from the worst on: by severity, then those with a fix, then by score. The rest only makes the order
 * the same for any order in the report.
 */
export function byWorst(a: Finding, b: Finding): number {
  return (
    rankOf(b.severity) - rankOf(a.severity) ||
    Number(b.fixedIn !== undefined) - Number(a.fixedIn !== undefined) ||
    (b.cvss ?? 0) - (a.cvss ?? 0) ||
    inText(a.id, b.id) ||
    inText(a.package, b.package) ||
    inText(a.version, b.version) ||
    inText(a.purl ?? '', b.purl ?? '') ||
    inText(JSON.stringify(a), JSON.stringify(b))
  );
}

function inText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Names the vulnerability of a package: scanners repeat it for each file in which they see the package. */
export function keyOf({ id, package: name, version, purl = '' }: Finding): string {
  return JSON.stringify([id, name, version, purl]);
}

/** Gathers findings: each vulnerability of a package once, counted, and the worst as rows. */
export function gatherFindings(found: readonly Finding[]): Pick<ScanResult, 'findings' | 'counts'> {
  const once = new Map<string, Finding>();
  for (const finding of found) {
    const key = keyOf(finding);
    const other = once.get(key);
    if (other === undefined || byWorst(finding, other) < 0) once.set(key, finding);
  }
  const counts = noCounts();
  for (const finding of once.values()) addTo(counts, finding);
  return { findings: worstOf([...once.values()]), counts };
}

function worstOf(findings: readonly Finding[]): Finding[] {
  const rows: Finding[] = [];
  let bytes = 0;
  for (const finding of findings.toSorted(byWorst).slice(0, maxRows)) {
    bytes += Buffer.byteLength(JSON.stringify(finding));
    if (bytes > maxRowBytes) break;
    rows.push(finding);
  }
  return rows;
}
