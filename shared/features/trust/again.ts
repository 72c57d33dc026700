import { defined } from '../../core/documents/defined.ts';
import type { Judgement } from '../../core/documents/verdict.ts';

const hourMs = 3_600_000;
/** An answer about revocation is asked for again at the time that it names, within these milliseconds. */
const [soonest, latest] = [hourMs, 24 * hourMs];
/** After so many milliseconds those are asked again who gave no answer, and later each time. */
const firstRetryMs = hourMs / 6;
const lastRetryMs = 6 * hourMs;
/**
 * An image that passed stays open for so many milliseconds when those who must say whether its signer is revoked give no
 * answer: otherwise their outage would stop every cluster that starts a node meanwhile.
 */
const graceMs = 48 * hourMs;

/** Returns the time at which a signature that counts is verified again. */
export function verifiedAgainAt(
  { expiresAt, verifyAgainAt }: { readonly expiresAt?: Date; readonly verifyAgainAt?: Date },
  now: Date,
): Date | undefined {
  if (verifyAgainAt === undefined) return expiresAt;
  const inMs = Math.min(latest, Math.max(soonest, verifyAgainAt.getTime() - now.getTime()));
  const again = new Date(now.getTime() + inMs);
  return expiresAt !== undefined && expiresAt < again ? expiresAt : again;
}

/**
 * Returns the times of a judgement that failed because somebody gave no answer: when it is made again, and until when
 * the image stays open. The latter is for one that passed by the same policies, so that a new image never opens by it.
 */
export function unansweredTimes(
  before: Judgement | undefined,
  {
    version,
    isAllUnanswered,
    now,
  }: { readonly version: string; readonly isAllUnanswered: boolean; readonly now: Date },
): Pick<Judgement, 'dueAt' | 'graceUntil'> {
  const hadPassed = before?.state === 'passed' || before?.graceUntil !== undefined;
  const until =
    isAllUnanswered && hadPassed && before.passedAt !== undefined && before.version === version
      ? new Date(Date.parse(before.passedAt) + graceMs)
      : undefined;
  return {
    dueAt: retryAt(before, now).toISOString(),
    ...defined({ graceUntil: until !== undefined && until > now ? until.toISOString() : undefined }),
  };
}

function retryAt(before: Judgement | undefined, now: Date): Date {
  if (before === undefined || before.state === 'passed' || before.dueAt === undefined)
    return new Date(now.getTime() + firstRetryMs);
  const due = new Date(before.dueAt);
  // An event has come before the time: it must not postpone it.
  if (due > now) return due;
  return new Date(now.getTime() + Math.min(lastRetryMs, 2 * (due.getTime() - Date.parse(before.at))));
}
