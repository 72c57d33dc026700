import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextAttempt, parseRetryAfter, usualRetrySeconds, waitMs } from '../../../shared/webhooks/schedule.ts';

const now = new Date('2026-03-01T00:00:00Z');
const waits = fc.array(fc.integer({ min: 1, max: 604_800 }), { minLength: 1, maxLength: 10 });

describe('a wait', () => {
  it('is within a tenth of what the schedule says, the last one repeated, and the same for every copy of a message', () => {
    fc.assert(
      fc.property(fc.option(waits, { nil: undefined }), fc.integer({ min: 1, max: 40 }), fc.string(), (retrySeconds, failed, salt) => {
        const list = retrySeconds ?? usualRetrySeconds;
        const wanted = (list[Math.min(failed, list.length) - 1] ?? 0) * 1000;
        const wait = waitMs(retrySeconds === undefined ? {} : { retrySeconds }, failed, salt);
        expect(Math.abs(wait - wanted)).toBeLessThanOrEqual(0.1 * wanted + 1);
        expect(waitMs(retrySeconds === undefined ? {} : { retrySeconds }, failed, salt)).toBe(wait);
      }),
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
      fc.property(fc.integer({ min: 1, max: 604_800 }), fc.integer({ min: 0, max: 700_000 }), fc.integer({ min: 0, max: 1e9 }), fc.nat({ max: 30 }), (giveUpSeconds, passed, retryAfter, round) => {
        const deadline = now.getTime() + giveUpSeconds * 1000;
        const at = new Date(now.getTime() + passed * 1000);
        const next = nextAttempt({}, { deliveryId: 'd', round: round + 1, attempted: round + 1, deadline: new Date(deadline).toISOString() }, at, retryAfter * 1000);
        expect(next === undefined).toBe(at.getTime() >= deadline);
        if (next === undefined) return;
        expect(Date.parse(next)).toBeLessThanOrEqual(deadline);
        expect(Date.parse(next)).toBeGreaterThanOrEqual(Math.min(deadline, at.getTime() + Math.min(retryAfter, 86_400) * 1000));
      }),
    );
  });
});

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Sun, 01 Mar 2026 00:02:00 GMT', 120_000],
    ['Sat, 28 Feb 2026 00:00:00 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['9999999999', undefined],
    ['tomorrow', undefined],
    ['2026-03-01T00:02:00Z', undefined],
    ['Sun, 99 Xyz 2026 00:02:00 GMT', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('of %j is %j milliseconds', (header, ms) => {
    expect(parseRetryAfter(header, now)).toBe(ms);
  });
});
