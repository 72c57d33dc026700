import { parseTimeSpan } from '../time-span.ts';
import { parseNcrontab, type Schedule } from './ncrontab.ts';

/**
 * A timer's `schedule`: NCRONTAB, or a TimeSpan like 00:05:00 that counts from the run before. Throws on anything else.
 */
export function parseSchedule(text: string): Schedule {
  if (!text.includes(':')) return parseNcrontab(text);
  const interval = parseTimeSpan(text);
  if (interval === undefined || interval <= 0) throw new Error(`"${text}" is neither NCRONTAB nor a time span.`);
  return { text, adjustForDST: false, next: (time) => new Date(time.getTime() + interval) };
}

/** Says whether two occurrences ever lie less than a minute apart, which the host finds out from the next five. */
export function runsWithinAMinute(schedule: Schedule, from: Date): boolean {
  let previous = schedule.next(from);
  for (let looked = 0; looked < 5; looked++) {
    const next = schedule.next(previous);
    if (next.getTime() - previous.getTime() < 60_000) return true;
    previous = next;
  }
  return false;
}
