import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSchedule, runsWithinAMinute } from '../../../emulators/functions-host/timer/schedule.ts';

const next = (schedule: string, after: string) => parseSchedule(schedule).next(new Date(after)).toISOString();

describe('a schedule', () => {
  it.each([
    ['0 */5 * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:05:00.000Z'],
    ['*/5 * * * *', '2026-01-01T00:01:30Z', '2026-01-01T00:05:00.000Z'],
    ['0 30 9 * Jan Mon-Fri', '2026-01-30T10:00:00Z', '2027-01-01T09:30:00.000Z'],
    ['0 30 9 * january MONDAY', '2026-01-01T00:00:00Z', '2026-01-05T09:30:00.000Z'],
    ['30 5/20 * * * *', '2026-01-01T00:25:31Z', '2026-01-01T00:45:30.000Z'],
    ['0 0 0 1,15 * *', '2026-01-01T00:00:00Z', '2026-01-15T00:00:00.000Z'],
    ['0 0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['* * * * * *', '2026-12-31T23:59:59.500Z', '2027-01-01T00:00:00.000Z'],
    ['00:05:00', '2026-01-01T00:00:07Z', '2026-01-01T00:05:07.000Z'],
    ['1.00:00:00', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00.000Z'],
  ])('%s after %s comes at %s', (schedule, after, expected) => {
    expect(next(schedule, after)).toBe(expected);
  });

  it('with a day of the month and a day of the week wants both, as NCRONTAB does and cron does not', () => {
    expect(next('0 0 0 13 * 5', '2026-01-01T00:00:00Z')).toBe('2026-02-13T00:00:00.000Z');
  });

  it.each([
    '* * * *',
    '60 * * * * *',
    '0 0 0 L * *',
    '0 0 0 ? * *',
    '0 0 0 * * 7',
    '0 0 0 * * 5#2',
    '@daily',
    '0 0 0 31 2 *',
    '25:00:00',
    '00:00:00',
    '',
    'hourly',
  ])('"%s" is refused', (schedule) => {
    expect(() => parseSchedule(schedule)).toThrow();
  });

  it('agrees with a walk over every second', () => {
    const field = (low: number, high: number) =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min: low, max: high }).map(String),
        fc.integer({ min: 2, max: 20 }).map((step) => `*/${step}`),
      );
    const start = Date.parse('2026-02-27T22:10:00Z');
    fc.assert(
      fc.property(field(0, 59), field(0, 59), field(0, 23), (second, minute, hour) => {
        const fits = (text: string, value: number) =>
          text === '*' || (text.startsWith('*/') ? value % Number(text.slice(2)) === 0 : Number(text) === value);
        let at = start + 1000;
        for (; ; at += 1000) {
          const time = new Date(at);
          if (
            fits(second, time.getUTCSeconds()) &&
            fits(minute, time.getUTCMinutes()) &&
            fits(hour, time.getUTCHours())
          )
            break;
        }
        expect(parseSchedule(`${second} ${minute} ${hour} * * *`).next(new Date(start)).getTime()).toBe(at);
      }),
      { numRuns: 40 },
    );
  });

  it('is known to run more often than once a minute', () => {
    const from = new Date('2026-01-01T00:00:00Z');
    expect(
      ['*/30 * * * * *', '00:00:59', '* * * * *', '0 */5 * * * *', '00:01:00'].map((text) =>
        runsWithinAMinute(parseSchedule(text), from),
      ),
    ).toEqual([true, true, false, false, false]);
  });
});
