import { globMatches } from '../../core/rules/pattern.ts';
import { isVersionIn, versionOf } from '../../core/rules/version.ts';
import type { Facts, ManifestFacts, TagFacts } from './facts.ts';
import type { KeepRule, Policy, RemoveRule } from './policy.ts';

const dayMs = 24 * 3600 * 1000;
const always = Infinity;
const never = -Infinity;

/** The subject of a judgement: a tag, or a manifest without one. */
export interface Judged {
  readonly facts: Facts;
  readonly manifest: ManifestFacts;
  readonly tag?: TagFacts;
  /** The time of the last pull of it or of a part of it. */
  readonly pulledAt?: number;
}

/**
 * Returns the time from which a rule removes it: every condition has a time of its own, and the last one decides.
 * `Infinity` means never.
 */
export function removedFrom(rule: RemoveRule, judged: Judged, policy: Policy): number {
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
      tag !== undefined && rankOf(tag, facts, (name) => mayRemove(rule, name, policy)) >= rule.beyondNewest
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
  if (tag !== undefined) return mayRemove(rule, tag.name, policy);
  if (rule.tags !== undefined || rule.semver !== undefined) return false;
  return rule.untaggedDays !== undefined || (policy.tags.include.includes('*') && policy.tags.exclude.length === 0);
}

/** Returns whether a rule to remove may remove a tag of this name. */
export function mayRemove({ tags, semver: versions }: RemoveRule, name: string, policy: Policy): boolean {
  return (
    isAmong(policy.tags, name) &&
    (tags === undefined || matchesOne(tags, name)) &&
    (versions === undefined || isVersionIn(versions, versionOf(name)))
  );
}

/**
 * Returns the time until which a rule keeps it, which is as long as all its conditions hold. `-Infinity` means that it
 * does not.
 */
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

/**
 * Returns the time of the last pull. Where an earlier one may be unknown, the time before pulls were tracked counts as
 * a pull.
 */
function pulledBy({ facts: { trackedSince }, manifest, tag, pulledAt }: Judged): number {
  if (trackedSince === undefined) return always;
  if (pulledAt !== undefined) return pulledAt;
  return Math.min(tag?.pushedAt ?? always, manifest.pushedAt) >= trackedSince ? never : trackedSince;
}

function aboutTags({ tags, newest, semver: versions }: KeepRule): boolean {
  return tags !== undefined || newest !== undefined || versions !== undefined;
}

/** Returns whether a rule to keep that counts or names tags is about one of this name. */
export function keepsName({ tags, semver: versions }: KeepRule, name: string): boolean {
  return (
    (tags === undefined || matchesOne(tags, name)) && (versions === undefined || isVersionIn(versions, versionOf(name)))
  );
}

/** Returns whether the labels match. Unknown labels may be the wanted ones, so they do. */
function hasLabels(wanted: Readonly<Record<string, string>>, { labels }: ManifestFacts): boolean {
  if (labels === 'unknown') return true;
  return Object.entries(wanted).every(([name, pattern]) =>
    labels.some((each) => Object.hasOwn(each, name) && globMatches(pattern.replaceAll(/\*+/g, '**'), each[name] ?? '')),
  );
}

/**
 * Returns how many of the counted tags were pushed later; for a tag that is not among the newest, at least as many as
 * any rule counts.
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
