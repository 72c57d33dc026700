import { z } from 'zod';

const hourMs = 3600 * 1000;
const dayMs = 24 * hourMs;
const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** A schedule by which something is done again and again, in UTC. */
export const scheduleSchema = z.strictObject({
  every: z.enum(['hour', 'day', 'week']).describe('The interval: every hour, day or week.'),
  at: z
    .string()
    .regex(
      /^(?:[01]\d|2[0-3]):[0-5]\d$/,
      'must be a time of day such as 02:30; for "every": "hour" only the minutes count',
    )
    .default('02:00')
    .describe('The time of day, in UTC; for every hour, only the minutes count.'),
  on: z
    .enum(['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'])
    .default('sunday')
    .describe('The day of the week, if it is done every week.'),
});

/** Returns the first time of a schedule after `now`, in UTC, which has no hour twice. */
export function nextRun({ every, at, on }: z.infer<typeof scheduleSchema>, now: Date): Date {
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
