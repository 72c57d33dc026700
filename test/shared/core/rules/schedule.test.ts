import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextRun, scheduleSchema } from '../../../../shared/core/rules/schedule.ts';

const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
const next = (schedule: object, now: string) => nextRun(scheduleSchema.parse(schedule), new Date(now)).toISOString();

describe('the next time of a schedule', () => {
  // The 4th of March 2026 is a Wednesday.
  it.each([
    [{ every: 'hour', at: '00:30' }, '2026-03-04T10:29:59.999Z', '2026-03-04T10:30:00.000Z'],
    [{ every: 'hour', at: '07:30' }, '2026-03-04T10:30:00.000Z', '2026-03-04T11:30:00.000Z'],
    [{ every: 'hour', at: '00:00' }, '2026-03-04T23:15:00.000Z', '2026-03-05T00:00:00.000Z'],
    [{ every: 'day' }, '2026-03-04T01:59:59.999Z', '2026-03-04T02:00:00.000Z'],
    [{ every: 'day' }, '2026-03-04T02:00:00.000Z', '2026-03-05T02:00:00.000Z'],
    [{ every: 'day', at: '23:59' }, '2026-02-28T23:59:00.000Z', '2026-03-01T23:59:00.000Z'],
    [{ every: 'day', at: '13:45' }, '2026-12-31T14:00:00.000Z', '2027-01-01T13:45:00.000Z'],
    [{ every: 'week' }, '2026-03-04T10:00:00.000Z', '2026-03-08T02:00:00.000Z'],
    [{ every: 'week', on: 'wednesday', at: '10:00' }, '2026-03-04T09:00:00.000Z', '2026-03-04T10:00:00.000Z'],
    [{ every: 'week', on: 'wednesday', at: '10:00' }, '2026-03-04T10:00:00.000Z', '2026-03-11T10:00:00.000Z'],
    [{ every: 'week', on: 'tuesday', at: '10:00' }, '2026-03-04T09:00:00.000Z', '2026-03-10T10:00:00.000Z'],
    [{ every: 'week', on: 'saturday', at: '00:00' }, '2026-03-04T09:00:00.000Z', '2026-03-07T00:00:00.000Z'],
  ])('%j after %s is %s', (schedule, now, time) => {
    expect(next(schedule, now)).toBe(time);
  });

  it('is after now, at the time and on the day that it says, and there is none between', () => {
    const schedules = fc.record({
      every: fc.constantFrom('hour', 'day', 'week'),
      hours: fc.nat({ max: 23 }),
      minutes: fc.nat({ max: 59 }),
      on: fc.constantFrom(...days),
    });
    fc.assert(
      fc.property(
        schedules,
        fc.date({ min: new Date('2024-01-01'), max: new Date('2032-01-01'), noInvalidDate: true }),
        ({ every, hours, minutes, on }, now) => {
          const at = `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
          const time = nextRun(scheduleSchema.parse({ every, at, on }), now);
          const longest = { hour: 3_600_000, day: 24 * 3_600_000, week: 7 * 24 * 3_600_000 }[every];
          expect(time.getTime()).toBeGreaterThan(now.getTime());
          expect(time.getTime() - now.getTime()).toBeLessThanOrEqual(longest);
          expect([time.getUTCMinutes(), time.getUTCSeconds(), time.getUTCMilliseconds()]).toEqual([minutes, 0, 0]);
          if (every !== 'hour') expect(time.getUTCHours()).toBe(hours);
          if (every === 'week') expect(days[time.getUTCDay()]).toBe(on);
        },
      ),
    );
  });
});

describe('a schedule', () => {
  it("is at two o'clock, and of a week on Sunday, when it does not say", () => {
    expect(scheduleSchema.parse({ every: 'week' })).toEqual({ every: 'week', at: '02:00', on: 'sunday' });
  });

  it.each(['24:00', '7:30', '07:60', '07:3', '07:300', '007:30', '19:30x', 'x19:30', '1930', ''])(
    'is not at %j',
    (at) => {
      expect(scheduleSchema.safeParse({ every: 'day', at }).error?.issues[0]?.message).toBe(
        'must be a time of day such as 02:30; for "every": "hour" only the minutes count',
      );
    },
  );

  it.each(['00:00', '09:59', '19:05', '20:00', '23:59'])('is at %j', (at) => {
    expect(scheduleSchema.safeParse({ every: 'day', at }).success).toBe(true);
  });

  it.each([
    { every: 'month' },
    { every: '' },
    { every: 'day', on: 'Sonntag' },
    { every: 'day', on: '' },
    { every: 'day', in: 'UTC' },
    {},
  ])('is not %j', (schedule) => {
    expect(scheduleSchema.safeParse(schedule).success).toBe(false);
  });

  it.each(days)('may be on %s', (on) => {
    expect(scheduleSchema.parse({ every: 'week', on }).on).toBe(on);
  });
});
