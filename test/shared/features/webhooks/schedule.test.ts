import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  deadlineOf,
  nextAttempt,
  usualGiveUpSeconds,
  usualRetrySeconds,
  waitMs,
} from '../../../../shared/features/webhooks/schedule.ts';

const now = new Date('2026-03-01T00:00:00Z');
const waits = fc.array(fc.integer({ min: 1, max: 604_800 }), { minLength: 1, maxLength: 10 });

describe('a wait', () => {
  it('is within a tenth of what the schedule says, the last one repeated, and the same for every copy of a message', () => {
    fc.assert(
      fc.property(
        fc.option(waits, { nil: undefined }),
        fc.integer({ min: 1, max: 40 }),
        fc.string(),
        (retrySeconds, failed, salt) => {
          const list = retrySeconds ?? usualRetrySeconds;
          const wanted = (list[Math.min(failed, list.length) - 1] ?? 0) * 1000;
          const wait = waitMs(retrySeconds === undefined ? {} : { retrySeconds }, failed, salt);
          expect(Math.abs(wait - wanted)).toBeLessThanOrEqual(0.1 * wanted + 1);
          expect(waitMs(retrySeconds === undefined ? {} : { retrySeconds }, failed, salt)).toBe(wait);
        },
      ),
    );
  });

  it('differs between deliveries over the whole tenth either way', () => {
    const all = Array.from({ length: 1_000 }, (_, n) => waitMs({}, 6, `d${n}`));
    expect(Math.min(...all)).toBeLessThan(0.91 * 3_600_000);
    expect(Math.max(...all)).toBeGreaterThan(1.09 * 3_600_000);
  });
});

describe('the next attempt', () => {
  it('is never after the deadline, never before it is asked for otherwise, and there is one until the deadline', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 604_800 }),
        fc.integer({ min: 0, max: 700_000 }),
        fc.integer({ min: 0, max: 1e9 }),
        fc.nat({ max: 30 }),
        (giveUpSeconds, passed, retryAfter, round) => {
          const deadline = now.getTime() + giveUpSeconds * 1000;
          const at = new Date(now.getTime() + passed * 1000);
          const next = nextAttempt(
            {},
            { deliveryId: 'd', round: round + 1, attempted: round + 1, deadline: new Date(deadline).toISOString() },
            at,
            retryAfter * 1000,
          );
          expect(next === undefined).toBe(at.getTime() >= deadline);
          if (next === undefined) return;
          expect(Date.parse(next)).toBeLessThanOrEqual(deadline);
          expect(Date.parse(next)).toBeGreaterThanOrEqual(
            Math.min(deadline, at.getTime() + Math.min(retryAfter, 86_400) * 1000),
          );
        },
      ),
    );
  });
});

describe('a deadline', () => {
  it('is a day away, or when the hook says', () => {
    expect([usualGiveUpSeconds, deadlineOf({}, now), deadlineOf({ giveUpSeconds: 90 }, now)]).toEqual([
      86_400,
      '2026-03-02T00:00:00.000Z',
      '2026-03-01T00:01:30.000Z',
    ]);
  });

  it('that is now leaves no attempt, and one a millisecond later does', () => {
    const delivery = (deadline: number) => ({
      deliveryId: 'd',
      round: 1,
      attempted: 1,
      deadline: new Date(now.getTime() + deadline).toISOString(),
    });
    expect([nextAttempt({}, delivery(0), now), nextAttempt({}, delivery(1), now)]).toEqual([
      undefined,
      '2026-03-01T00:00:00.001Z',
    ]);
  });

  it('is waited for no longer than a day at what a receiver asks for, and differently by each delivery and attempt', () => {
    const delivery = (deliveryId: string, attempted: number) => ({
      deliveryId,
      round: 6,
      attempted,
      deadline: '2026-04-01T00:00:00.000Z',
    });
    expect(nextAttempt({}, delivery('d', 1), now, 999 * 86_400_000)).toBe('2026-03-02T00:00:00.000Z');
    const times = [delivery('d', 1), delivery('e', 1), delivery('d', 2)].map((each) => nextAttempt({}, each, now));
    expect(new Set(times).size).toBe(3);
    expect(times[0]).toBe(new Date(now.getTime() + waitMs({}, 6, 'd/1')).toISOString());
  });
});
