import type { Counts, Finding } from './findings.ts';
import { rankOf, severities } from './findings.ts';
import type { BlockRule, ScanPolicy } from './policy.ts';

export const dayMs = 24 * 3600 * 1000;

/** The judgement of one policy about the findings that nothing took away. */
export interface Judgement {
  readonly policy: ScanPolicy;
  /** The findings that block, from the worst on. */
  readonly blocking: readonly Finding[];
  /** The number of findings that block and have no row. */
  readonly unlisted: number;
  /** The time at which the last scan became too old; absent while it is not. */
  readonly staleSince?: number;
  /** True when nothing could be scanned, and the policy holds that. */
  readonly isHeld: boolean;
  /** The next times at which the judgement may change by itself, in milliseconds. */
  readonly changes: readonly number[];
}

/**
 * Returns the time from which a finding blocks: `-Infinity` if it does already, `Infinity` if it never does by itself. A
 * fix of unknown age counts as old enough, and so does a missing score as high enough: what is not known opens nothing.
 */
function blocksFrom({ severity, onlyFixable, fixableForDays, cvss }: BlockRule, finding: Finding): number {
  if (rankOf(finding.severity) < rankOf(severity)) return Infinity;
  if (cvss !== undefined && finding.cvss !== undefined && finding.cvss < cvss) return Infinity;
  if (finding.fixedIn === undefined) return onlyFixable || fixableForDays !== undefined ? Infinity : -Infinity;
  if (fixableForDays === undefined || finding.fixedSince === undefined) return -Infinity;
  return Date.parse(finding.fixedSince) + fixableForDays * dayMs;
}

/** Judges by one policy. `left` are the rows that nothing took away, from the worst on. */
export function judgeBy(
  policy: ScanPolicy,
  left: readonly Finding[],
  unlisted: Counts,
  { now, scannedAt }: { readonly now: Date; readonly scannedAt?: Date },
): Judgement {
  const from = left.map((finding) => ({ finding, at: blocksFrom(policy.block, finding) }));
  const staleAt =
    policy.maxAgeDays === undefined || scannedAt === undefined
      ? Infinity
      : scannedAt.getTime() + policy.maxAgeDays * dayMs;
  return {
    policy,
    blocking: from.filter(({ at }) => at <= now.getTime()).map(({ finding }) => finding),
    unlisted: blockingUnlisted(policy.block, unlisted),
    ...(staleAt <= now.getTime() ? { staleSince: staleAt } : {}),
    isHeld: false,
    changes: [...from.map(({ at }) => at), staleAt].filter((at) => at > now.getTime() && at !== Infinity),
  };
}

/** Judges what no scanner can scan. */
export function judgeUnscannable(policy: ScanPolicy): Judgement {
  return { policy, blocking: [], unlisted: 0, isHeld: policy.unscannable === 'hold', changes: [] };
}

/** Counts the findings without a row that block. No exception can be seen to apply to them. */
function blockingUnlisted({ severity, onlyFixable, fixableForDays }: BlockRule, unlisted: Counts): number {
  const needsFix = onlyFixable || fixableForDays !== undefined;
  return severities
    .filter((each) => rankOf(each) >= rankOf(severity))
    .reduce((sum, each) => sum + unlisted[each].withFix + (needsFix ? 0 : unlisted[each].withoutFix), 0);
}

export function fails({ blocking, unlisted, staleSince, isHeld }: Judgement): boolean {
  return blocking.length > 0 || unlisted > 0 || staleSince !== undefined || isHeld;
}
