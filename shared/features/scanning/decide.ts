import { defined } from '../../core/documents/defined.ts';
import type { Counts, Finding, ScanResult, Severity } from './findings.ts';
import { addTo, byWorst, countsWithoutRows, noCounts, severities } from './findings.ts';
import type { Judgement } from './judge.ts';
import { fails, judgeBy, judgeUnscannable } from './judge.ts';
import type { ScanException, ScanPolicy } from './policy.ts';
import { policiesFor } from './policy.ts';
import { reasonsOf } from './reasons.ts';
import { shownText } from './shown-text.ts';
import type { JudgedImage, Suppression, VexAuthor } from './suppress.ts';
import { suppressor } from './suppress.ts';

/** The subject of a decision: the result of a scan, or that no scanner can scan it. */
export type Scanned = ScanResult | 'unscannable';

/** The rules of a decision. Those that do not apply to the image are left out by `decide` itself. */
export interface ScanRules {
  readonly policies: readonly ScanPolicy[];
  readonly exceptions: readonly ScanException[];
  /** The authors of VEX documents whose signatures were verified, in the order in which they are believed. */
  readonly vex: readonly VexAuthor[];
}

export interface DecisionTimes {
  readonly now: Date;
  readonly scannedAt?: Date;
  /** Some time at which the image passed; absent if it never did. Only what passed once gets a grace. */
  readonly passedOnceAt?: Date;
  /** The time at which the last decision began to fail it; absent if that one did not. The grace is counted from it. */
  readonly failingSince?: Date;
}

interface AppliedException {
  readonly id: string;
  readonly vulnerability: string;
  readonly expiresAt: string;
  /** The number of rows that it takes away. */
  readonly findings: number;
}

interface AppliedVex {
  readonly vulnerability: string;
  readonly author: string;
  readonly document: string;
  readonly justification: string;
}

export interface Decision {
  readonly state: 'passed' | 'failed' | 'unscannable';
  /** The gate's answer: it refuses, or it lets pass and says the reasons, or it has nothing to say. */
  readonly effect: 'open' | 'warn' | 'closed';
  /** The highest severity that nothing took away; absent if nothing is left. */
  readonly severity?: Severity;
  /** The findings that nothing took away. */
  readonly counts: Counts;
  /** At most ten whole sentences. */
  readonly reasons: readonly string[];
  readonly notes: readonly string[];
  readonly exceptions: readonly AppliedException[];
  readonly vex: readonly AppliedVex[];
  /** The policies that fail it, the audited ones as well. */
  readonly failedBy: readonly { readonly policy: string; readonly mode: ScanPolicy['mode'] }[];
  readonly failingSince?: string;
  /** The time until which the gate stays open although an enforced policy fails it. */
  readonly graceUntil?: string;
  /** The time at which the decision may change by itself, so that it must be made again then. */
  readonly nextChangeAt?: string;
}

const maxNotes = 20;
const maxVexShown = 100;

/**
 * Decides about an image by the result of its scan. Exceptions of the registry come before VEX, and VEX before the
 * scanner. The same facts in another order give the same decision.
 */
export function decide(scanned: Scanned, rules: ScanRules, image: JudgedImage, times: DecisionTimes): Decision {
  const policies = policiesFor(rules.policies, image.repository);
  if (scanned === 'unscannable') {
    const counts = noCounts();
    return conclude(policies.map(judgeUnscannable), times, { state: 'unscannable', counts, notes: [] }, nothingTaken);
  }
  const suppressedBy = suppressor(image, rules.exceptions, rules.vex, times.now);
  const rows = scanned.findings.toSorted(byWorst).map((finding) => ({ finding, taken: suppressedBy(finding) }));
  const left = rows.filter(({ taken }) => taken.by === 'nothing').map(({ finding }) => finding);
  const unlisted = countsWithoutRows(scanned);
  const counts = structuredClone(unlisted);
  for (const finding of left) addTo(counts, finding);
  const judgements = policies.map((policy) => judgeBy(policy, left, unlisted, times));
  const state = judgements.some(fails) ? 'failed' : 'passed';
  const notes = [...scanned.notes, ...expiredNotes(rows)];
  return conclude(judgements, times, { state, counts, notes }, takenBy(rows));
}

type Rows = readonly { readonly finding: Finding; readonly taken: Suppression }[];

interface Taken {
  readonly exceptions: readonly AppliedException[];
  readonly vex: readonly AppliedVex[];
}

const nothingTaken: Taken = { exceptions: [], vex: [] };

function conclude(
  judgements: readonly Judgement[],
  times: DecisionTimes,
  facts: { readonly state: Decision['state']; readonly counts: Counts; readonly notes: readonly string[] },
  taken: Taken,
): Decision {
  const now = times.now.getTime();
  const failing = judgements.filter(fails);
  const failingSince = failing.length === 0 ? undefined : (times.failingSince ?? times.now);
  const ends = failing
    .filter(({ policy }) => policy.mode === 'enforce')
    .map(({ policy }) => graceOf(policy, times, failingSince ?? times.now));
  // Each enforced policy closes at its own time, so the first one decides.
  const closesAt = ends.reduce((first, end) => Math.min(first, end), Infinity);
  const isGraced = closesAt > now && closesAt !== Infinity;
  const effect = failing.length === 0 ? 'open' : closesAt <= now ? 'closed' : 'warn';
  const graceUntil = isGraced ? new Date(closesAt).toISOString() : undefined;
  const changes = [
    ...judgements.flatMap((each) => each.changes),
    ...taken.exceptions.map(({ expiresAt }) => Date.parse(expiresAt)),
    ...ends,
  ].filter((at) => at > now && at !== Infinity);
  const next = changes.reduce((first, at) => Math.min(first, at), Infinity);
  const notes = graceUntil === undefined ? facts.notes : [graceNote(graceUntil), ...facts.notes];
  return {
    state: facts.state,
    effect,
    counts: facts.counts,
    reasons: reasonsOf(failing),
    notes: notes.slice(0, maxNotes),
    ...taken,
    failedBy: failing.map(({ policy }) => ({ policy: policy.name, mode: policy.mode })),
    ...defined({
      severity: severities.findLast((each) => facts.counts[each].withFix + facts.counts[each].withoutFix > 0),
      failingSince: failingSince?.toISOString(),
      graceUntil,
      nextChangeAt: next === Infinity ? undefined : new Date(next).toISOString(),
    }),
  };
}

/** Returns the end of a policy's grace, in milliseconds; `-Infinity` if there is none. */
function graceOf({ graceHours }: ScanPolicy, { passedOnceAt }: DecisionTimes, failingSince: Date): number {
  return passedOnceAt === undefined || graceHours === 0 ? -Infinity : failingSince.getTime() + graceHours * 3_600_000;
}

function graceNote(until: string): string {
  return `The image has passed before, so it may still be pulled until ${until}.`;
}

/** Sums up what exceptions and VEX took away. */
function takenBy(rows: Rows): Taken {
  const exceptions = new Map<string, AppliedException>();
  const vex = new Map<string, AppliedVex>();
  for (const { finding, taken } of rows) {
    if (taken.by === 'exception') {
      const { id, vulnerability, expiresAt } = taken.exception;
      exceptions.set(id, { id, vulnerability, expiresAt, findings: (exceptions.get(id)?.findings ?? 0) + 1 });
    }
    if (taken.by === 'vex') {
      const { author, document, justification } = taken;
      vex.set(JSON.stringify([finding.id, author, document, justification]), {
        vulnerability: finding.id,
        author: shownText(author),
        document: shownText(document),
        justification: shownText(justification),
      });
    }
  }
  return {
    exceptions: [...exceptions.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    vex: [...vex.values()].slice(0, maxVexShown),
  };
}

function expiredNotes(rows: Rows): string[] {
  const expired = rows.flatMap(({ taken }) => (taken.by === 'nothing' ? (taken.expired ?? []) : []));
  const sentences = expired.map(
    ({ id, vulnerability, expiresAt }) =>
      `The exception "${shownText(id, 60)}" for ${shownText(vulnerability, 100)} ended at ${expiresAt}.`,
  );
  return [...new Set(sentences)];
}
