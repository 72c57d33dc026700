import type { Policy } from './policy.ts';

const dayMs = 24 * 3600 * 1000;

/**
 * Describes each rule that needs pulls from longer ago than they are tracked: it would remove images that are pulled.
 */
export function untrackedRules({ remove }: Policy, trackedSince: Date | undefined, now: Date): string[] {
  // Before the first pull nothing is tracked, so the soonest time for such a rule is computed from now.
  const takenFrom = (days: number) =>
    new Date((trackedSince ?? now).getTime() + days * dayMs).toISOString().slice(0, 10);
  const tracked = trackedSince === undefined ? 0 : Math.floor((now.getTime() - trackedSince.getTime()) / dayMs);
  const since =
    trackedSince === undefined
      ? 'pulls of this registry are not tracked yet, because tracking begins with the first pull'
      : `pulls of this registry have been tracked for ${tracked} days, since ${trackedSince.toISOString()}`;
  return remove.flatMap(({ name, notPulledDays }) =>
    notPulledDays === undefined || tracked >= notPulledDays
      ? []
      : [
          `the rule "${name}" removes images that were not pulled for ${notPulledDays} days, but ` +
            `${since}: leave the rule out until ${takenFrom(notPulledDays)}`,
        ],
  );
}
