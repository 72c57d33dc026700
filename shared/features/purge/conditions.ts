import { globMatches } from '../../core/rules/pattern.ts';
import { isVersionIn, versionOf } from '../../core/rules/version.ts';
import type { Facts, ManifestFacts, TagFacts } from './facts.ts';
import type { KeepRule, Policy, RemoveRule } from './policy.ts';

const dayMs = 24 * 3600 * 1000;
const always = Infinity;
const never = -Infinity;

/** What is judged: a tag, or a manifest without one. */
export interface Judged {
  readonly facts: Facts;
  readonly manifest: ManifestFacts;
  readonly tag?: TagFacts;
  /** Of the last pull of it or of a part of it. */
  readonly pulledAt?: number;
}

/** From when a rule takes it: every demand has its own time, and the last of them decides. `Infinity`: never. */
export function takenFrom(rule: RemoveRule, judged: Judged, policy: Policy): number {
  const { facts, manifest, tag } = judged;
  const since = Math.max(tag?.pushedAt ?? manifest.pushedAt, manifest.heldAt ?? 0);
  const demands = [isWithinScope(rule, judged, policy) ? never : always];
  if (rule.untaggedDays !== undefined)
    demands.push(tag === undefined ? Math.max(manifest.untaggedSince, since) + rule.untaggedDays * dayMs : always);
  if (rule.notPulledDays !== undefined)
    demands.push(Math.max(since, judged.pulledAt ?? 0, facts.trackedSince ?? always) + rule.notPulledDays * dayMs);
  if (rule.olderThanDays !== undefined) demands.push(since + rule.olderThanDays * dayMs);
  if (rule.beyondNewest !== undefined)
    demands.push(
      tag !== undefined && rankOf(tag, facts, (name) => mayTake(rule, name, policy)) >= rule.beyondNewest
        ? never
        : always,
    );
  if (rule.artifactTypes !== undefined)
    demands.push(
      rule.artifactTypes.some((type) => manifest.types.some((each) => globMatches(type, each))) ? never : always,
    );
  return Math.max(...demands);
}

function isWithinScope(rule: RemoveRule, { tag }: Judged, policy: Policy): boolean {
  if (tag !== undefined) return mayTake(rule, tag.name, policy);
  if (rule.tags !== undefined || rule.semver !== undefined) return false;
  return rule.untaggedDays !== undefined || (policy.tags.include.includes('*') && policy.tags.exclude.length === 0);
}

/** Whether a rule is about a tag of this name. */
export function mayTake({ tags, semver: versions }: RemoveRule, name: string, policy: Policy): boolean {
  return (
    isAmong(policy.tags, name) &&
    (tags === undefined || matchesOne(tags, name)) &&
    (versions === undefined || isVersionIn(versions, versionOf(name)))
  );
}

/** Until when a rule keeps it: it keeps as long as all its demands hold. `-Infinity`: it does not. */
export function keptUntil(rule: KeepRule, judged: Judged): number {
  const { facts, tag } = judged;
  const demands = [aboutTags(rule) && (tag === undefined || !keepsName(rule, tag.name)) ? never : always];
  if (rule.newest !== undefined)
    demands.push(
      tag !== undefined && rankOf(tag, facts, (name) => keepsName(rule, name)) < rule.newest ? always : never,
    );
  if (rule.pulledWithinDays !== undefined) demands.push(pulledBy(judged) + rule.pulledWithinDays * dayMs);
  if (rule.labels !== undefined) demands.push(hasLabels(rule.labels, judged.manifest) ? always : never);
  return Math.min(...demands);
}

/** A pull that may have been before pulls were tracked counts as one just before. */
function pulledBy({ facts: { trackedSince }, manifest, tag, pulledAt }: Judged): number {
  if (trackedSince === undefined) return always;
  if (pulledAt !== undefined) return pulledAt;
  return Math.min(tag?.pushedAt ?? always, manifest.pushedAt) >= trackedSince ? never : trackedSince;
}

function aboutTags({ tags, newest, semver: versions }: KeepRule): boolean {
  return tags !== undefined || newest !== undefined || versions !== undefined;
}

/** Whether a rule that counts or names tags is about one of this name. */
export function keepsName({ tags, semver: versions }: KeepRule, name: string): boolean {
  return (
    (tags === undefined || matchesOne(tags, name)) && (versions === undefined || isVersionIn(versions, versionOf(name)))
  );
}

/** Labels that are not known may be these. */
function hasLabels(wanted: Readonly<Record<string, string>>, { labels }: ManifestFacts): boolean {
  if (labels === 'unknown') return true;
  return Object.entries(wanted).every(([name, pattern]) =>
    labels.some((each) => Object.hasOwn(each, name) && globMatches(pattern.replaceAll(/\*+/g, '**'), each[name] ?? '')),
  );
}

/**
 * How many of the tags that count were pushed later; of one that is not among the newest, at least as many as any rule
 * asks for.
 */
function rankOf(tag: TagFacts, { newestTags }: Facts, counts: (name: string) => boolean): number {
  const counted = newestTags.filter(counts);
  const rank = counted.indexOf(tag.name);
  return rank === -1 ? counted.length : rank;
}

export function isAmong(
  { include, exclude }: { readonly include: readonly string[]; readonly exclude: readonly string[] },
  name: string,
): boolean {
  return matchesOne(include, name) && !matchesOne(exclude, name);
}

function matchesOne(globs: readonly string[], name: string): boolean {
  return globs.some((glob) => globMatches(glob, name));
}
