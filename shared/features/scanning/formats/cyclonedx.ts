import { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import type { Severity } from '../findings.ts';
import { longest, rankOf } from '../findings.ts';
import { parsePurl } from '../purl.ts';
import type { ReportReader } from './reader.ts';
import {
  checkNumber,
  cutText,
  digestsIn,
  findingOf,
  id,
  looseText,
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
import { ReportFault } from './report-fault.ts';
import { isObject } from './scanner-api.ts';

const title = 'CycloneDX document';

interface Component {
  readonly 'bom-ref'?: string | undefined;
  readonly name?: string | undefined;
  readonly group?: string | undefined;
  readonly version?: string | undefined;
  readonly purl?: string | undefined;
  readonly components?: readonly Component[] | undefined;
}

// The report's depth is bounded before, so that this cannot call itself too often.
const component: z.ZodType<Component> = z.lazy(() =>
  z.object({
    'bom-ref': looseText,
    name: packageName.nullish().transform(orAbsent),
    group: named(longest.package).nullish().transform(orAbsent),
    version: version.nullish().transform(orAbsent),
    purl: looseText,
    components: z.array(component).nullish().transform(orAbsent),
  }),
);

const affected = z.object({ version: version.nullish().transform(orAbsent), status: looseText });
const versions = z.array(affected).nullish().transform(orAbsent);

const rater = z.object({ name: looseText }).optional().catch(undefined);

const vulnerability = z.object({
  id,
  references: z
    .array(z.object({ id: looseText }).nullish().transform(orAbsent))
    .optional()
    .catch(undefined),
  source: z.object({ name: looseText, url: looseText }).optional().catch(undefined),
  ratings: z
    .array(z.object({ source: rater, severity: looseText, score, method: looseText }).nullish().transform(orAbsent))
    .optional()
    .catch(undefined),
  recommendation: looseText,
  advisories: z
    .array(z.object({ url: looseText }).nullish().transform(orAbsent))
    .optional()
    .catch(undefined),
  affects: z
    .array(z.object({ ref: z.string().max(2_000), versions }))
    .nullish()
    .transform(orAbsent),
  analysis: z.object({ state: looseText }).optional().catch(undefined),
});
type Vulnerability = z.infer<typeof vulnerability>;

const tool = z.object({ name: looseText, vendor: looseText, group: looseText, version: looseText });
const schema = z.object({
  metadata: z
    .object({
      timestamp: looseText,
      tools: z
        .union([z.array(tool), z.object({ components: z.array(tool).nullish().transform(orAbsent) })])
        .optional()
        .catch(undefined),
      component: component.optional().catch(undefined),
    })
    .nullish()
    .transform(orAbsent),
  components: z.array(component).nullish().transform(orAbsent),
  vulnerabilities: z.array(vulnerability),
});

/** These states of an analysis say that the product is not affected (CycloneDX, `impactAnalysisState`). */
const unaffected = new Set(['not_affected', 'false_positive', 'resolved', 'resolved_with_pedigree']);

/** Reads CycloneDX from version 1.4 on, when it lists vulnerabilities. */
export const cyclonedxReader: ReportReader = {
  title,
  fits: (value) => value['bomFormat'] === 'CycloneDX',
  read(value) {
    if (isObject(value) && !('vulnerabilities' in value))
      throw new ReportFault('The CycloneDX document has no list of vulnerabilities, so it is no result of a scan.');
    const { metadata, components, vulnerabilities } = parseReport(schema, value, title);
    const left = vulnerabilities.filter(({ analysis }) => !unaffected.has(analysis?.state ?? ''));
    checkNumber(left.reduce((sum, each) => sum + Math.max(1, each.affects?.length ?? 0), 0));
    const byRef = new Map<string, Component>();
    addAll([...(metadata?.component === undefined ? [] : [metadata.component]), ...(components ?? [])], byRef);
    const tools = metadata?.tools;
    const [first] = Array.isArray(tools) ? tools : (tools?.components ?? []);
    const removed = vulnerabilities.length - left.length;
    return {
      scanner: scannerOf(first?.name, { vendor: first?.vendor ?? first?.group, version: first?.version }),
      findings: left.flatMap((each) => findingsOf(each, byRef)),
      notes:
        removed === 0 ? [] : [`The document says of ${removed} vulnerabilities that they do not affect the image.`],
      digests: digestsIn([digestOf(metadata?.component?.purl)]),
      ...defined({ reportedAt: timeIn(metadata?.timestamp) }),
    };
  },
};

function addAll(components: readonly Component[], byRef: Map<string, Component>): void {
  for (const each of components) {
    if (each['bom-ref'] !== undefined) byRef.set(each['bom-ref'], each);
    addAll(each.components ?? [], byRef);
  }
}

function findingsOf(each: Vulnerability, byRef: ReadonlyMap<string, Component>) {
  const ratings = (each.ratings ?? []).filter((rating) => rating !== undefined);
  const scores = ratings
    .filter(({ method }) => method !== 'OWASP' && method !== 'SSVC')
    .flatMap((rating) => rating.score ?? []);
  const severity = severityIn(ratings, each.source?.name);
  const affects = each.affects === undefined || each.affects.length === 0 ? [undefined] : each.affects;
  return affects.map((place) => {
    const found = place === undefined ? undefined : byRef.get(place.ref);
    const name = [found?.group, found?.name].filter((part) => part !== undefined && part !== '').join('/');
    const listed = place?.versions ?? [];
    return findingOf({
      id: each.id,
      aliases: (each.references ?? []).map((reference) => reference?.id),
      package: name === '' ? nameOf(place?.ref) : cutText(name, longest.package),
      purl: found?.purl ?? (place !== undefined && place.ref.startsWith('pkg:') ? place.ref : undefined),
      version: found?.version ?? listed.find(({ status }) => status !== 'unaffected')?.version,
      fixedIn: [
        ...listed.filter(({ status }) => status === 'unaffected').map((one) => one.version),
        ...recommended(each.recommendation, found?.name),
      ],
      severity,
      cvss: scores.length === 0 ? undefined : scores.reduce((best, one) => Math.max(best, one)),
      links: [each.source?.url, ...(each.advisories ?? []).map((advisory) => advisory?.url)],
    });
  });
}

/** Returns the severity by the source of the vulnerability, as the vendor of a system; without it, the highest. */
function severityIn(
  ratings: readonly {
    readonly source?: { readonly name?: string | undefined } | undefined;
    severity?: string | undefined;
  }[],
  vendor: string | undefined,
): Severity {
  const ofVendor = ratings.find(
    ({ source, severity }) => severity !== undefined && vendor !== undefined && source?.name === vendor,
  );
  if (ofVendor !== undefined) return severityOf(ofVendor.severity);
  const all = ratings.map(({ severity }) => severityOf(severity));
  return all.reduce((worst, one) => (rankOf(one) > rankOf(worst) ? one : worst), 'unknown');
}

/** Names a package whose component is missing: by its package URL, or by its reference. */
function nameOf(ref: string | undefined): string {
  if (ref === undefined || ref === '') return 'unknown';
  const purl = parsePurl(ref);
  const name = purl === undefined ? ref : purl.name;
  return (
    cutText(name.slice(0, 2 * longest.package).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' '), longest.package) ||
    'unknown'
  );
}

/** Reads the versions out of Trivy's recommendation, as in `Upgrade curl to version 7.79.0`. */
function recommended(text: string | undefined, name: string | undefined): string[] {
  if (text === undefined || name === undefined) return [];
  const start = `Upgrade ${name} to version `;
  return text
    .slice(0, 10_000)
    .split(';', 100)
    .map((part) => part.trim())
    .filter((part) => part.startsWith(start))
    .map((part) => part.slice(start.length))
    .filter((each) => version.safeParse(each).success);
}

/** Returns the digest of an image's package URL. */
function digestOf(text: string | undefined): string | undefined {
  const purl = text === undefined ? undefined : parsePurl(text);
  return purl?.type === 'oci' ? purl.version : undefined;
}
