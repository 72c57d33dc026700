import type { Policy } from './policy.ts';

const hourMs = 3600 * 1000;
const dayMs = 24 * hourMs;
const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** The first time of a schedule after `now`. In UTC, which has no hour twice. */
export function nextRun({ every, at, on }: Policy['schedule'], now: Date): Date {
  const [hours = 0, minutes = 0] = at.split(':').map(Number);
  const midnight = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  if (every === 'hour') return after(midnight + now.getUTCHours() * hourMs + minutes * 60_000, hourMs, now);
  const today = midnight + hours * hourMs + minutes * 60_000;
  if (every === 'day') return after(today, dayMs, now);
  return after(today + ((days.indexOf(on) - now.getUTCDay() + 7) % 7) * dayMs, 7 * dayMs, now);
}

function after(time: number, step: number, now: Date): Date {
  return new Date(time > now.getTime() ? time : time + step);
}
