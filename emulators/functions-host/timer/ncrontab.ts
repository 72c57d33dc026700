import { CronExpressionParser } from 'cron-parser';

/** The times at which a timer runs. All of them are UTC, as in Azure. */
export interface Schedule {
  /** The first occurrence after `time`. */
  next(time: Date): Date;
  /** For the log. */
  text: string;
  /** The library's `schedule.adjustForDST`: true for calendar schedules. */
  adjustForDST: boolean;
}

/** A leap day that must also be a given weekday comes within 40 years. */
const horizonDays = 40 * 366;
const names = /\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)[a-z]*/gi;

/**
 * An NCRONTAB expression: `{second} {minute} {hour} {day} {month} {day of week}`, or without the seconds. cron-parser
 * reads the fields; the walk is our own, because NCRONTAB wants the day of the month *and* the day of the week to fit
 * where cron takes either. Throws on what NCRONTAB does not know, cron-parser's extensions (L, #, ?, @daily, weekday 7)
 * among it: the real host would refuse the function.
 */
export function parseNcrontab(text: string): Schedule {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 5 && parts.length !== 6)
    throw new Error(`"${text}" has ${parts.length} fields where NCRONTAB has six, or five without seconds.`);
  const expression = parts.join(' ').replace(names, '$1');
  const hasWeekday7 = /(?<!\/)7/.test(parts.at(-1) ?? '');
  if (/[^\d\s*/,-]/.test(expression.replace(names, '')) || hasWeekday7) throw new Error(`"${text}" is not NCRONTAB.`);
  const { fields } = CronExpressionParser.parse(expression, { tz: 'UTC' });
  const values = (field: { values: readonly (number | string)[] }) => new Set(field.values.map(Number));
  return {
    text,
    adjustForDST: true,
    next: nextOccurrence({
      second: values(fields.second),
      minute: values(fields.minute),
      hour: values(fields.hour),
      day: values(fields.dayOfMonth),
      month: values(fields.month),
      weekday: values(fields.dayOfWeek),
    }),
  };
}

interface Fields {
  second: Set<number>;
  minute: Set<number>;
  hour: Set<number>;
  day: Set<number>;
  month: Set<number>;
  weekday: Set<number>;
}

// Walks days, then hours, minutes and seconds inside the first day that fits: at most 86,400 + 14,640 cheap steps.
function nextOccurrence(fields: Fields): (time: Date) => Date {
  return (time) => {
    const start = new Date(Math.floor(time.getTime() / 1000) * 1000 + 1000);
    const day = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate()));
    for (let walked = 0; walked < horizonDays; walked++, day.setUTCDate(day.getUTCDate() + 1)) {
      if (
        !fields.month.has(day.getUTCMonth() + 1) ||
        !fields.day.has(day.getUTCDate()) ||
        !fields.weekday.has(day.getUTCDay())
      )
        continue;
      const seconds = firstSecond(fields, walked === 0 ? (start.getTime() - day.getTime()) / 1000 : 0);
      if (seconds !== undefined) return new Date(day.getTime() + seconds * 1000);
    }
    throw new Error('The schedule has no occurrence within 40 years.');
  };
}

/** The first second of a day, counted from midnight, that fits and is not before `from`. */
function firstSecond(fields: Fields, from: number): number | undefined {
  for (let at = from; at < 86_400;) {
    if (!fields.hour.has(Math.floor(at / 3600))) at = (Math.floor(at / 3600) + 1) * 3600;
    else if (!fields.minute.has(Math.floor(at / 60) % 60)) at = (Math.floor(at / 60) + 1) * 60;
    else if (!fields.second.has(at % 60)) at++;
    else return at;
  }
  return undefined;
}
