import { z } from 'zod';
import { namePattern, nameSyntax } from '../../core/rules/name.ts';
import { globMatches, repositoryGlobSchema, scopeSchema } from '../../core/rules/pattern.ts';
import { coveringShape, VerdictPolicies } from '../../core/verdicts/policies.ts';
import { severitySchema } from './findings.ts';

const days = z.int().min(1).max(3_650);

const blockSchema = z.strictObject({
  severity: severitySchema.default('critical').describe('The least severity that blocks, as the scanner gives it.'),
  onlyFixable: z.boolean().default(false).describe('Only findings block for which there is a version with a fix.'),
  fixableForDays: days
    .optional()
    .describe('Only findings block whose fix has been there for so many days; the time is then left to update.'),
  cvss: z
    .number()
    .min(0)
    .max(10)
    .optional()
    .describe(
      'Only findings block whose CVSS score is at least this; one without a score is judged by severity alone.',
    ),
});
export type BlockRule = z.infer<typeof blockSchema>;

const repositories = (description: string) =>
  scopeSchema(repositoryGlobSchema, '**').prefault({}).describe(description);

const named = z.string().regex(namePattern, nameSyntax);

/** The settings of a scan policy, as a user writes them. */
export const scanSettingsSchema = z.strictObject({
  ...coveringShape,
  block: blockSchema.prefault({}).describe('The findings that block. All conditions must hold.'),
  unscannable: z
    .enum(['pass', 'hold'])
    .default('pass')
    .describe('Says if what no scanner can scan, as charts and signatures, passes or is held.'),
  maxAgeDays: days.optional().describe('The days after which a scan no longer counts; without it, it always does.'),
  backlog: z
    .enum(['open', 'hold'])
    .default('open')
    .describe(
      'The images that were there before the policy. open: they stay open until their first report; hold: they are ' +
        'held until it comes.',
    ),
  scanOnPush: z
    .boolean()
    .default(true)
    .describe('Says if a scanner scans what is covered and has no report yet; false leaves that to reports of a CI.'),
  scanner: named.optional().describe('The name of the scanner that scans; absent, the default one.'),
  vexFrom: z
    .array(named)
    .max(10)
    .default([])
    .describe(
      'The names of trust policies, in the order in which they are believed: an OpenVEX statement counts if one of ' +
        'the authorities of such a policy has signed it. A trust policy that is off serves too.',
    ),
});
export type ScanSettings = z.infer<typeof scanSettingsSchema>;

export const scanPolicies = new VerdictPolicies('scan', scanSettingsSchema);

/** A scan policy with its name, as it judges. */
export const scanPolicySchema = scanSettingsSchema.extend({
  name: named.describe('The name of the policy, which reasons show.'),
});
export type ScanPolicy = z.infer<typeof scanPolicySchema>;

const vulnerabilityId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/, 'must be the name of a vulnerability, such as CVE-2026-1234');

/** An exception for one vulnerability, as a user writes it. Each has an owner, a reason and an end of its own. */
export const exceptionSchema = z.strictObject({
  vulnerability: vulnerabilityId.describe('The name of the vulnerability, or an alias of it; case does not matter.'),
  package: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe(
      'A pattern of package names, or of package URLs where it begins with pkg:. * stands for anything but a slash, ' +
        '** for anything. Without it, the vulnerability is excepted in every package.',
    ),
  repositories: repositories('The repositories in which the exception applies.'),
  owner: z.string().trim().min(1).max(200).describe('The person or team that answers for the exception.'),
  reason: z.string().trim().min(1).max(1_000).describe('The reason why the vulnerability is accepted.'),
  expiresAt: z.iso.datetime().describe('The time at which the exception ends, in UTC.'),
});

export type ExceptionSettings = z.infer<typeof exceptionSchema>;

/** An exception with the name of its document. */
export type ScanException = ExceptionSettings & { readonly id: string };

interface Scope {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** Says whether a scope covers a repository. */
export function covers({ include, exclude }: Scope, repository: string): boolean {
  const isOneOf = (patterns: readonly string[]) => patterns.some((pattern) => globMatches(pattern, repository));
  return isOneOf(include) && !isOneOf(exclude);
}

/** Returns the policies that judge a repository, in the order of their names; those that are off do not. */
export function policiesFor(policies: readonly ScanPolicy[], repository: string): ScanPolicy[] {
  return policies
    .filter(({ mode, repositories: scope }) => mode !== 'off' && covers(scope, repository))
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
