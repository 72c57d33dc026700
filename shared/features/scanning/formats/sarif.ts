import { z } from 'zod';
import type { Severity } from '../findings.ts';
import { longest } from '../findings.ts';
import type { ReportReader } from './reader.ts';
import {
  checkNumber,
  cutText,
  findingOf,
  id,
  looseText,
  named,
  orAbsent,
  parseReport,
  scannerOf,
  severityOf,
} from './reader.ts';

const title = 'SARIF report';

const rule = z.object({
  id,
  helpUri: looseText,
  defaultConfiguration: z.object({ level: looseText }).optional().catch(undefined),
  properties: z
    .object({ 'security-severity': z.union([z.string(), z.number()]).optional().catch(undefined) })
    .optional()
    .catch(undefined),
});
type Rule = z.infer<typeof rule>;

const component = z.object({
  name: looseText,
  organization: looseText,
  version: looseText,
  semanticVersion: looseText,
  rules: z.array(rule).nullish().transform(orAbsent),
});

const index = z.int().min(-1).nullish().transform(orAbsent);
const ruleId = id.nullish().transform(orAbsent);
const loose = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const place = loose(z.object({ artifactLocation: loose(z.object({ uri: looseText })) }));

const result = z.object({
  ruleId,
  ruleIndex: index,
  rule: z.object({ id: ruleId, index }).nullish().transform(orAbsent),
  kind: looseText,
  level: looseText,
  message: loose(z.object({ text: looseText })),
  locations: loose(z.array(z.object({ physicalLocation: place }))),
});
type Result = z.infer<typeof result>;

const schema = z.object({
  runs: z
    .array(z.object({ tool: z.object({ driver: component }), results: z.array(result).nullish().transform(orAbsent) }))
    .min(1)
    .max(20),
});

/**
 * Reads SARIF 2.1.0 with GitHub's meaning of severities. It has no fields for packages and versions: they are taken from
 * the lines that Trivy writes, and else the place of a result stands for its package. A suppressed result counts, because
 * Grype once wrote a suppression into every one.
 */
export const sarifReader: ReportReader = {
  title,
  fits: (value) =>
    Array.isArray(value['runs']) && typeof value['version'] === 'string' && /^2\.1/.test(value['version']),
  read(value) {
    const { runs } = parseReport(schema, value, title);
    checkNumber(runs.reduce((sum, run) => sum + (run.results?.length ?? 0), 0));
    const [first] = runs;
    const driver = first?.tool.driver;
    const findings = runs.flatMap(({ tool, results }) => {
      const rules = tool.driver.rules ?? [];
      const byId = new Map(rules.map((each) => [each.id, each]));
      // A result of the kind "pass" or "notApplicable" says that nothing was found.
      return (results ?? [])
        .filter(({ kind }) => kind === undefined || kind === 'fail' || kind === 'open' || kind === 'review')
        .map((each) => findingIn(each, ruleOf(each, rules, byId)));
    });
    return {
      scanner: scannerOf(driver?.name, {
        vendor: driver?.organization,
        version: driver?.semanticVersion ?? driver?.version,
      }),
      findings,
      notes: findings.length === 0 ? [] : ['SARIF has no fields for packages and fixes: some may be missing here.'],
      digests: [],
    };
  },
};

function ruleOf(each: Result, rules: readonly Rule[], byId: ReadonlyMap<string, Rule>): Rule | undefined {
  const name = each.ruleId ?? each.rule?.id;
  const index = each.ruleIndex ?? each.rule?.index ?? -1;
  // The index alone would be believed where it names another rule than the id.
  const byName = name === undefined ? undefined : byId.get(name);
  return byName ?? (name === undefined ? rules[index] : undefined);
}

function findingIn(each: Result, found: Rule | undefined) {
  const ruleId = each.ruleId ?? each.rule?.id ?? found?.id ?? 'unknown';
  const [vulnerability, rest] = partsOf(ruleId);
  const lines = linesOf(each.message?.text ?? '');
  const uri = each.locations?.[0]?.physicalLocation?.artifactLocation?.uri;
  return findingOf({
    id: vulnerability,
    package: lines.name ?? rest ?? (uri === undefined || uri === '' ? 'unknown' : plain(uri, longest.package)),
    version: lines.installed,
    fixedIn: [lines.fixed],
    severity: severityIn(each, found),
    cvss: scoreOf(found),
    links: [found?.helpUri],
  });
}

/** Takes a vulnerability's name from the beginning of a rule's, which Grype continues with the package. */
function partsOf(ruleId: string): [string, string | undefined] {
  const [, known, rest] = /^(CVE-\d{4}-\d{1,19}|GHSA(?:-[a-z0-9]{4}){3})(?:-([^\n]+))?$/.exec(ruleId) ?? [];
  return known === undefined ? [ruleId, undefined] : [known, rest];
}

function plain(text: string, most: number): string {
  return cutText(text.slice(0, 2 * most).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' '), most);
}

/** Reads the lines of a message of Trivy, as in `Package: curl`. */
function linesOf(message: string) {
  const lines = message.slice(0, 4_000).split('\n', 20);
  const after = (start: string, most: number) => {
    const line = lines
      .find((each) => each.startsWith(start))
      ?.slice(start.length)
      .trim();
    return line === undefined || line === '' || !named(most).safeParse(line).success ? undefined : line;
  };
  return {
    name: after('Package: ', longest.package),
    installed: after('Installed Version: ', longest.version),
    fixed: after('Fixed Version: ', longest.version),
  };
}

/** Returns a rule's `security-severity`, which is a score as text. */
function scoreOf(found: Rule | undefined): number | undefined {
  const text = found?.properties?.['security-severity'];
  const score = text === undefined || String(text).length > 10 || String(text).trim() === '' ? NaN : Number(text);
  return score >= 0 && score <= 10 ? score : undefined;
}

const levels: Readonly<Record<string, Severity>> = {
  error: 'high',
  warning: 'medium',
  note: 'low',
  none: 'negligible',
};

/** Returns the severity by the score as GitHub reads it; without one, by the level. */
function severityIn({ level, message }: Result, found: Rule | undefined): Severity {
  const score = scoreOf(found);
  if (score !== undefined && score > 0)
    return score >= 9 ? 'critical' : score >= 7 ? 'high' : score >= 4 ? 'medium' : 'low';
  const line = message?.text
    ?.slice(0, 4_000)
    .split('\n', 20)
    .find((each) => each.startsWith('Severity: '));
  const word = severityOf(line?.slice('Severity: '.length).trim());
  if (word !== 'unknown') return word;
  // A rule without a level warns (SARIF, 3.50.3).
  const stated = level ?? found?.defaultConfiguration?.level ?? 'warning';
  return Object.hasOwn(levels, stated) ? (levels[stated] ?? 'unknown') : 'unknown';
}
