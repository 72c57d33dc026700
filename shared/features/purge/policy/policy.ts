import { createHash } from 'node:crypto';
import { z } from 'zod';
import { repositoryGlobSchema, tagGlobSchema } from '../../../core/rules/pattern.ts';
import { scheduleSchema } from '../../../core/rules/schedule.ts';
import { versionRangeSchema } from '../../../core/rules/version.ts';

const days = z.int().min(1).max(3_650);
const name = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/, 'must be 1 to 50 lower-case letters, digits and dashes');
const globs = z.array(tagGlobSchema).min(1).max(50);

/** What a rule to remove may demand. All of it must hold. */
const removeConditions = {
  /** No tag points at the manifest, since so long. */
  untaggedDays: days.optional(),
  /** Nobody pulled it, by tag or digest, nor a part of it. */
  notPulledDays: days.optional(),
  /** The tag was not pushed; of what has no tag, the manifest. */
  olderThanDays: days.optional(),
  /** So many tags that the rule may take were pushed later. */
  beyondNewest: z.int().min(1).max(1_000).optional(),
  /** The manifest's artifact type, or the media type of its config. `*` stands for anything but a slash. */
  artifactTypes: z.array(z.string().min(1).max(255)).min(1).max(50).optional(),
  /** The tag is a version within this range, as npm reads it. */
  semver: versionRangeSchema.optional(),
  tags: globs.optional(),
};

/** What a rule to keep may demand. All of it must hold. */
const keepConditions = {
  tags: globs.optional(),
  /** Of the tags that the rule's other demands let through. */
  newest: z.int().min(1).max(1_000).optional(),
  pulledWithinDays: days.optional(),
  /** Annotations of the manifest, or labels of the image's config; a value may have `*`. */
  labels: z.record(z.string().min(1).max(255), z.string().max(1_000)).optional(),
  semver: versionRangeSchema.optional(),
};

const demandsSomething = (rule: object) => Object.keys(rule).length > 1;

const removeRuleSchema = z
  .strictObject({ name, ...removeConditions })
  .refine(demandsSomething, `a rule demands at least one of ${Object.keys(removeConditions).join(', ')}`);
const keepRuleSchema = z
  .strictObject({ name, ...keepConditions })
  .refine(demandsSomething, `a rule demands at least one of ${Object.keys(keepConditions).join(', ')}`);
export type RemoveRule = z.infer<typeof removeRuleSchema>;
export type KeepRule = z.infer<typeof keepRuleSchema>;

function scope<T extends z.ZodType<string>>(glob: T, everything: z.input<T>) {
  return z.strictObject({
    include: z
      .array(glob)
      .min(1)
      .max(100)
      .default([everything] as never),
    exclude: z.array(glob).max(100).default([]),
  });
}

export const policyNameSchema = name;

/** What somebody asks of a policy. */
export const policySchema = z.strictObject({
  repositories: scope(repositoryGlobSchema, '**').prefault({}),
  /**
   * Tags that rules to remove may take; what has no tag is taken by rules that demand `untaggedDays` where this is not
   * every tag.
   */
  tags: scope(tagGlobSchema, '*').prefault({}),
  remove: z.array(removeRuleSchema).min(1).max(20).refine(namedOnce, 'two rules have one name'),
  keep: z.array(keepRuleSchema).max(20).default([]).refine(namedOnce, 'two rules have one name'),
  /** In the recycle bin, before it is purged. */
  retentionDays: z.int().min(1).max(90).default(14),
  schedule: scheduleSchema.prefault({ every: 'day' }),
  /** A run that would take a larger share of a repository, in percent, asks first. */
  brakePercent: z.int().min(1).max(100).default(20),
});
export type Policy = z.infer<typeof policySchema>;

function namedOnce(rules: readonly { readonly name: string }[]): boolean {
  return new Set(rules.map((rule) => rule.name)).size === rules.length;
}

/**
 * The one that every registry has until somebody changes it. As each policy it takes nothing before a plan of it was
 * approved.
 */
export const defaultPolicy: Policy = policySchema.parse({
  remove: [
    { name: 'untagged', untaggedDays: 7 },
    { name: 'not-pulled', notPulledDays: 90 },
  ],
  // What has no dot is a number of a build or digits of a commit, and versions do not come to 1000: that is a year.
  keep: [
    { name: 'latest', tags: ['latest'] },
    { name: 'releases', semver: '<1000', tags: ['*.*', 'v*'] },
  ],
});

/**
 * What approval is bound to: a policy whose rules, scope, retention or brake change is approved anew. Not its schedule.
 */
export function rulesHash({ schedule: _, ...rules }: Policy): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(rules)))
    .digest('hex');
}

/** The same object has the same text, in whatever order it was written. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
