import type { Policy } from './policy.ts';

const dayMs = 24 * 3600 * 1000;

/** Of each rule that looks back further than pulls are tracked, what is wrong: it would take what somebody pulls. */
export function untrackedRules({ remove }: Policy, trackedSince: Date | undefined, now: Date): string[] {
  // Before the first pull nothing is tracked: the soonest that such a rule can be taken is reckoned from now.
  const takenFrom = (days: number) =>
    new Date((trackedSince ?? now).getTime() + days * dayMs).toISOString().slice(0, 10);
  const tracked = trackedSince === undefined ? 0 : Math.floor((now.getTime() - trackedSince.getTime()) / dayMs);
  const since =
    trackedSince === undefined
      ? 'pulls of this registry are not tracked yet, as it counts from the first one'
      : `pulls of this registry have been tracked for ${tracked} days, since ${trackedSince.toISOString()}`;
  return remove.flatMap(({ name, notPulledDays }) =>
    notPulledDays === undefined || tracked >= notPulledDays
      ? []
      : [
          `the rule "${name}" takes what was not pulled for ${notPulledDays} days, but ${since}: leave it out ` +
            `until ${takenFrom(notPulledDays)}`,
        ],
  );
}
