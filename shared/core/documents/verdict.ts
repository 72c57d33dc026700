import { z } from 'zod';
import { defined } from './defined.ts';

/**
 * The parts of a verdict, each judged by policies of its own: the signers of a manifest, the findings of its scan, and
 * its release from quarantine.
 */
export const verdictParts = ['trust', 'scan', 'quarantine'] as const;
export type VerdictPart = (typeof verdictParts)[number];

const time = z.iso.datetime();

/** The most reasons, and the most pieces of evidence, that a part repeats; each has at most 500 characters. */
export const [maxReasons, maxEvidence] = [10, 10];
const sentence = z.string().max(500);

/** The judgement of one kind. */
const judgementSchema = z.object({
  /** `pending`: nothing is proven yet. It holds as `failed` does, and so a push that a policy covers starts held. */
  state: z.enum(['pending', 'passed', 'failed']),
  /** The strictest mode of the policies that it does not pass, at the time of the judgement. */
  mode: z.enum(['audit', 'enforce']),
  /** The names of the policies that cover the manifest. */
  policies: z.array(z.string().max(100)).max(100),
  /** The fingerprint of those policies: a judgement by other ones is made anew. */
  version: z.string().max(100),
  /** Whole sentences, the most important first. */
  reasons: z.array(sentence).max(maxReasons),
  /** The signatures, reports and signers that it rests on. */
  evidence: z.array(sentence).max(maxEvidence),
  /** True if it passed by a signature that counts, of somebody who is trusted. */
  signed: z.boolean().optional(),
  at: time,
  /** The time at which it passed last: a grace begins when it no longer does. */
  passedAt: time.optional(),
  /** The time since which it does not pass, so that a grace is counted once. */
  failingSince: time.optional(),
  /** Until then it is open although it does not pass. */
  graceUntil: time.optional(),
  /** The time since which it waits for somebody to pass it. */
  waitingSince: time.optional(),
  /** The time at which it had waited for longer than its policies allow. */
  timedOutAt: time.optional(),
  /** The time at which it is to be judged again by itself, as an exception ends. */
  dueAt: time.optional(),
});
export type Judgement = z.infer<typeof judgementSchema>;

/** A release by hand, whatever the judgements say. */
const releaseSchema = z.object({ by: z.string().max(300), reason: sentence, at: time, until: time });
type Release = z.infer<typeof releaseSchema>;

/**
 * An event of a push that waits in the outbox until its manifest is open, by its id; and what it is an event of, so that
 * the same push again waits once.
 */
const withheldSchema = z.object({ id: z.string().max(100), of: z.string().max(600) });
export type Withheld = z.infer<typeof withheldSchema>;

/** The most events that wait for one manifest: together they leave room in its document for all else. */
export const maxWithheld = 300;

/** The verdict on a manifest: it lies in the manifest's own document, so that a pull pays no read for it. */
export const verdictSchema = z.object({
  trust: judgementSchema.optional(),
  scan: judgementSchema.optional(),
  quarantine: judgementSchema.optional(),
  release: releaseSchema.optional(),
  /** The events of its pushes that wait until it is open, the oldest first. */
  withheld: z.array(withheldSchema).max(maxWithheld).optional(),
  /** True while it is held: lists of what is held ask the index for it. */
  held: z.boolean(),
  /** The time at which a grace, a release or a judgement ends, so that a timer judges it again. */
  dueAt: time.optional(),
});
export type Verdict = z.infer<typeof verdictSchema>;

/** A judgement that is not passed, and counts now. */
export interface Objection {
  readonly part: VerdictPart;
  readonly judgement: Judgement;
}

/** Returns what stands against a manifest now: nothing while a release by hand is valid. */
export function objectionsTo(verdict: Verdict, now: Date): Objection[] {
  return failing(verdict, now).filter(({ judgement }) => !isInGrace(judgement, now));
}

/** Returns the judgements that a manifest does not pass and that do not count yet, as their grace has not ended. */
export function gracesOf(verdict: Verdict, now: Date): Objection[] {
  return failing(verdict, now).filter(({ judgement }) => isInGrace(judgement, now));
}

/** Says whether a manifest is held that has never passed: it is new, and nobody has relied on it. */
export function isNewlyHeld(verdict: Verdict | undefined, now: Date): boolean {
  const enforced = (verdict === undefined ? [] : objectionsTo(verdict, now)).filter(
    ({ judgement }) => judgement.mode === 'enforce',
  );
  return enforced.length > 0 && enforced.every(({ judgement }) => judgement.passedAt === undefined);
}

function failing(verdict: Verdict, now: Date): Objection[] {
  if (verdict.release !== undefined && Date.parse(verdict.release.until) > now.getTime()) return [];
  return verdictParts.flatMap((part) => {
    const judgement = verdict[part];
    return judgement === undefined || judgement.state === 'passed' ? [] : [{ part, judgement }];
  });
}

/** Says whether a signature of the manifest counts under a policy that covers it, and nothing of trust stands against it. */
export function isSigned(verdict: Verdict | undefined): boolean {
  return verdict?.trust?.state === 'passed' && verdict.trust.signed === true;
}

/** Says whether a verdict holds its manifest now. */
export function isHeld(verdict: Verdict | undefined, now: Date): boolean {
  return verdict !== undefined && objectionsTo(verdict, now).some(({ judgement }) => judgement.mode === 'enforce');
}

function isInGrace({ graceUntil }: Judgement, now: Date): boolean {
  return graceUntil !== undefined && Date.parse(graceUntil) > now.getTime();
}

/** Returns the verdict with some of its parts replaced; a part that is `undefined` goes. */
export function withParts(
  before: Verdict | undefined,
  parts: { readonly [part in VerdictPart | 'release']?: Verdict[part] | undefined },
  now: Date,
): Verdict {
  const { trust, scan, quarantine, release } = { ...before, ...parts };
  const lasting = isOver(release, now) ? undefined : release;
  const kept = defined({ trust, scan, quarantine, release: lasting, withheld: before?.withheld });
  const verdict = { ...kept, held: false };
  return { ...verdict, held: isHeld(verdict, now), ...defined({ dueAt: nextChange(verdict, now) }) };
}

function isOver(release: Release | undefined, now: Date): boolean {
  return release !== undefined && Date.parse(release.until) <= now.getTime();
}

/** Returns the earliest time in the future at which something in a verdict ends. */
function nextChange(verdict: Verdict, now: Date): string | undefined {
  const judgements = verdictParts.map((part) => verdict[part]);
  const times = [verdict.release?.until, ...judgements.flatMap((each) => [each?.dueAt, each?.graceUntil])];
  return times.filter((each): each is string => each !== undefined && Date.parse(each) > now.getTime()).toSorted()[0];
}
