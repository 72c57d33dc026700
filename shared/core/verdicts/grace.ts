import { defined } from '../documents/defined.ts';
import type { ManifestDocument } from '../documents/manifest.ts';
import type { Judgement } from '../documents/verdict.ts';
import type { Covering } from './coverage.ts';

/** The states in quarantine that somebody gives to what shall not be pulled, so that no grace counts. */
const closing: ReadonlySet<string> = new Set(['Failed', 'Quarantined']);

/**
 * Gives a judgement the grace of what has passed once and no longer does: a policy, a key or what is known of the image
 * has changed, and what runs on it must start again until somebody has seen to it. A grace begins when the image ceases
 * to pass, and nothing but passing again makes it longer, or judging it over and over would keep it open; a shorter
 * grace of the policies makes it shorter. `before` is the judgement that it replaces, `covering` are its policies.
 */
export function withGrace(
  judged: Judgement,
  before: Judgement | undefined,
  covering: readonly Pick<Covering, 'mode' | 'graceHours'>[],
  { quarantine }: Pick<ManifestDocument, 'quarantine'>,
  now: Date,
): Judgement {
  const { graceUntil: own, ...plain } = judged;
  if (judged.state === 'passed') return plain;
  const hadPassed = before?.state === 'passed';
  const passedAt = hadPassed ? (before.passedAt ?? before.at) : (before?.passedAt ?? judged.passedAt);
  const failing = { ...plain, ...defined({ passedAt }) };
  const hours = hoursOf(covering);
  if (closing.has(quarantine?.state ?? '') || (hours === 0 && own === undefined)) return failing;
  const latest = new Date(now.getTime() + hours * 3_600_000).toISOString();
  const began = hadPassed ? latest : before?.graceUntil;
  const graceUntil = own ?? (began !== undefined && began > latest ? latest : began);
  return { ...failing, ...defined({ graceUntil }) };
}

/** Returns the shortest grace of the policies that hold, for an image must pass them all. */
function hoursOf(covering: readonly Pick<Covering, 'mode' | 'graceHours'>[]): number {
  const enforced = covering.filter(({ mode }) => mode === 'enforce');
  const counted = enforced.length === 0 ? covering : enforced;
  return counted.length === 0 ? 0 : Math.min(...counted.map(({ graceHours }) => graceHours ?? 0));
}
