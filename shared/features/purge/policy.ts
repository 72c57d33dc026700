import { createHash } from 'node:crypto';
import { z } from 'zod';
import { namePattern, nameSyntax } from '../../core/rules/name.ts';
import { repositoryGlobSchema, scopeSchema, tagGlobSchema } from '../../core/rules/pattern.ts';
import { scheduleSchema } from '../../core/rules/schedule.ts';
import { versionRangeSchema } from '../../core/rules/version.ts';

const days = z.int().min(1).max(3_650);
const name = z
  .string()
  .regex(namePattern, nameSyntax)
  .describe('The name of the rule, which the recycle bin and explanations show.');
const globs = z.array(tagGlobSchema).min(1).max(50);

/** The conditions of a rule to remove, all of which must hold. */
const removeConditions = {
  untaggedDays: days.optional().describe('No tag has pointed at the manifest for so many days.'),
  notPulledDays: days.optional().describe('Nobody has pulled it or a part of it, by tag or digest, for so many days.'),
  olderThanDays: days.optional().describe('The tag, or a manifest without one, was pushed so many days ago.'),
  beyondNewest: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe('So many tags that the rule may remove were pushed later.'),
  artifactTypes: z
    .array(z.string().min(1).max(255))
    .min(1)
    .max(50)
    .optional()
    .describe("The manifest's artifact type, or the media type of its config. * stands for anything but a slash."),
  semver: versionRangeSchema.optional().describe('The tag is a version within this range, as npm reads it.'),
  tags: globs.optional().describe('The tag is of one of these patterns, where * stands for anything.'),
};

/** The conditions of a rule to keep, all of which must hold. */
const keepConditions = {
  tags: globs.optional().describe('The tag is of one of these patterns, where * stands for anything.'),
  newest: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe("It is among so many newest of the tags that the rule's other conditions select."),
  pulledWithinDays: days.optional().describe('It was pulled within so many days.'),
  labels: z
    .record(z.string().min(1).max(255), z.string().max(1_000))
    .optional()
    .describe("Annotations of the manifest, or labels of the image's config; a value may have *."),
  semver: versionRangeSchema.optional().describe('The tag is a version within this range, as npm reads it.'),
};

const demandsSomething = (rule: object) => Object.keys(rule).length > 1;

const removeRuleSchema = z
  .strictObject({ name, ...removeConditions })
  .refine(demandsSomething, `a rule must have at least one of ${Object.keys(removeConditions).join(', ')}`);
const keepRuleSchema = z
  .strictObject({ name, ...keepConditions })
  .refine(demandsSomething, `a rule must have at least one of ${Object.keys(keepConditions).join(', ')}`);
export type RemoveRule = z.infer<typeof removeRuleSchema>;
export type KeepRule = z.infer<typeof keepRuleSchema>;

/** The settings of a policy, as a user writes them. */
export const policySchema = z.strictObject({
  repositories: scopeSchema(repositoryGlobSchema, '**')
    .prefault({})
    .describe('The repositories that the policy covers.'),
  tags: scopeSchema(tagGlobSchema, '*')
    .prefault({})
    .describe(
      'The tags that rules to remove may remove. A manifest without a tag is removed only by rules ' +
        'with untaggedDays, unless this is every tag.',
    ),
  remove: z
    .array(removeRuleSchema)
    .min(1)
    .max(20)
    .refine(namedOnce, 'two rules have the same name: give each rule its own')
    .describe('The rules to remove; all conditions of a rule must hold.'),
  keep: z
    .array(keepRuleSchema)
    .max(20)
    .default([])
    .refine(namedOnce, 'two rules have the same name: give each rule its own')
    .describe('The rules to keep, which win over rules to remove; all conditions of a rule must hold.'),
  retentionDays: z
    .int()
    .min(1)
    .max(90)
    .default(14)
    .describe('The days that a removed image stays in the recycle bin before it is purged.'),
  schedule: scheduleSchema.prefault({ every: 'day' }).describe('The times at which the policy runs, in UTC.'),
  brakePercent: z
    .int()
    .min(1)
    .max(100)
    .default(20)
    .describe('The share of a repository, in percent, above which a run needs approval.'),
});
export type Policy = z.infer<typeof policySchema>;

function namedOnce(rules: readonly { readonly name: string }[]): boolean {
  return new Set(rules.map((rule) => rule.name)).size === rules.length;
}

/**
 * The policy that every registry has until a user changes it. As every policy, it removes nothing before a plan of it
 * was approved.
 */
export const defaultPolicy: Policy = policySchema.parse({
  remove: [
    { name: 'untagged', untaggedDays: 7 },
    { name: 'not-pulled', notPulledDays: 90 },
  ],
  // A tag without a dot is a build number or digits of a commit, and one whose major version is 1000 or more is a year.
  keep: [
    { name: 'latest', tags: ['latest'] },
    { name: 'releases', semver: '<1000', tags: ['*.*', 'v*'] },
  ],
});

/** Hashes the part of a policy that an approval is for: rules, scope, retention and brake, but not the schedule. */
export function rulesHash({ schedule: _, ...rules }: Policy): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(rules)))
    .digest('hex');
}

/** Sorts the properties of objects, so that equal objects have the same text. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
